/* The exam pages: mock exam, drill and spaced repetition over the bank that the page holds as JSON.
 *
 * Needs quiz.js. A page is one of a few views (start, question, result, review), each drawn anew by `show`.
 * localStorage: "dva:exam" the mock exam under way, "dva:drill" and "dva:repetition" theirs, "dva:results" what was
 * finished, newest first, "dva:boxes" when each missed question is due.
 */
"use strict";

(() => {
  const { DAY, read, write, make, questionForm, moreLine, chosen, choose, isRight, reveal, checkable, schedule } =
    window.dvaQuiz;
  const root = document.querySelector(".exam-page");
  const bank = JSON.parse(document.querySelector(".exam-bank").textContent);
  const byId = new Map(bank.questions.map((question) => [question.id, question]));

  const DRILL_SIZE = 20;
  const SITTING = 30; // questions of one sitting of spaced repetition
  const KEPT_RESULTS = 20;
  const STORED = { quiz: "object", exam: "object", drill: "object", repetition: "object", boxes: "object",
    results: "array", choice: "string" };
  const EXPORT_FORMAT = "dva-learner-data";

  // -- Chance ----------------------------------------------------------------------------------------------

  /** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
  function generator(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /** A shuffled copy of a list. */
  function shuffled(list, random) {
    const copy = [...list];
    for (let last = copy.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [copy[last], copy[other]] = [copy[other], copy[last]];
    }
    return copy;
  }

  const newSeed = () => Math.floor(Math.random() * 2 ** 31);

  /** A question with its options in the order of this session; a reload keeps it. */
  function arranged(id, seed) {
    const question = byId.get(id);
    const mark = [...id].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, seed);
    return { ...question, options: shuffled(question.options, generator(mark)), more: moreLine(question) };
  }

  // -- Drawing questions -----------------------------------------------------------------------------------

  const skillsOf = (question, exam) => question.skills[exam] ?? [];
  const domainOf = (question, exam) => (skillsOf(question, exam)[0] ?? "").split(".")[0];
  const poolOf = (exam) => bank.questions.filter((question) => skillsOf(question, exam).length);

  /**
   * How many questions each domain gets: its weight, rounded so that the sum is right (largest remainder).
   * @returns {Map<string, number>} by the domain's id
   */
  function quotas(exam) {
    const { domains, questions: total } = bank.exams[exam];
    const exact = domains.map((domain) => ({ id: domain.id, share: (domain.weight * total) / 100 }));
    const quota = new Map(exact.map(({ id, share }) => [id, Math.floor(share)]));
    let open = total - [...quota.values()].reduce((sum, count) => sum + count, 0);
    exact.sort((a, b) => (b.share % 1) - (a.share % 1));
    for (const { id } of exact) {
      if (open <= 0) break;
      quota.set(id, quota.get(id) + 1);
      open -= 1;
    }
    return quota;
  }

  /** Domains for which the bank has fewer questions than the exam asks. */
  function shortDomains(exam) {
    const pool = poolOf(exam);
    return [...quotas(exam)].filter(([id, count]) => pool.filter((q) => domainOf(q, exam) === id).length < count);
  }

  /** Ids of a mock exam by the exam's weights; what a domain lacks is filled from the others. */
  function drawExam(exam, seed) {
    const random = generator(seed);
    const pool = shuffled(poolOf(exam), random);
    const picked = [];
    for (const [domain, count] of quotas(exam)) {
      picked.push(...pool.filter((question) => domainOf(question, exam) === domain).slice(0, count));
    }
    const rest = pool.filter((question) => !picked.includes(question));
    picked.push(...rest.slice(0, bank.exams[exam].questions - picked.length));
    return shuffled(picked, random).map((question) => question.id);
  }

  /** The latest answer to each question, from chapters and from sessions: id to right or not. */
  function outcomes() {
    const told = Object.entries(read("quiz", {})).map(([id, answer]) => ({ id, right: answer.right, at: answer.at }));
    for (const result of read("results", [])) {
      told.push(...known(result.ids).map((id) => ({ id, right: rightIn(result, id), at: result.finished })));
    }
    told.sort((a, b) => a.at - b.at);
    return new Map(told.map(({ id, right }) => [id, right]));
  }

  /** Skills with missed questions, weakest first: the share of missed ones, then their number. */
  function weakSkills(exam, latest) {
    const tally = new Map();
    for (const question of poolOf(exam)) {
      if (!latest.has(question.id)) continue;
      for (const skill of skillsOf(question, exam)) {
        const count = tally.get(skill) ?? { asked: 0, missed: 0 };
        count.asked += 1;
        if (!latest.get(question.id)) count.missed += 1;
        tally.set(skill, count);
      }
    }
    return [...tally]
      .filter(([, count]) => count.missed)
      .sort(([, a], [, b]) => b.missed / b.asked - a.missed / a.asked || b.missed - a.missed)
      .map(([skill]) => skill);
  }

  /** Ids of a drill: weak skills in turn, missed questions first; then a spread over all skills. */
  function drawDrill(exam, seed) {
    const random = generator(seed);
    const latest = outcomes();
    const rank = (question) => (latest.get(question.id) === false ? 0 : latest.has(question.id) ? 2 : 1);
    const pool = shuffled(poolOf(exam), random).sort((a, b) => rank(a) - rank(b));
    const weak = weakSkills(exam, latest);
    const all = shuffled([...new Set(pool.flatMap((question) => skillsOf(question, exam)))], random);
    const picked = new Set();
    for (const skills of [weak, all]) {
      let grown = true;
      while (grown && picked.size < DRILL_SIZE) {
        grown = false;
        for (const skill of skills) {
          const next = pool.find((q) => !picked.has(q.id) && skillsOf(q, exam).includes(skill));
          if (!next || picked.size >= DRILL_SIZE) continue;
          picked.add(next.id);
          grown = true;
        }
      }
    }
    return shuffled([...picked], random);
  }

  /** Ids of the questions that are due for repetition, the longest due first. */
  function dueIds(now = Date.now()) {
    const boxes = read("boxes", {});
    return known(Object.keys(boxes)).filter((id) => boxes[id].due <= now).sort((a, b) => boxes[a].due - boxes[b].due);
  }

  /** Ids that the bank still has. */
  const known = (ids) => ids.filter((id) => byId.has(id));

  /** Whether a question of a result was answered right. */
  const rightIn = (result, id) => isRight(byId.get(id).options, result.answers[id] ?? []);

  // -- Small views -----------------------------------------------------------------------------------------

  const button = (label, onclick, more = {}) => make("button.quiz-button", { type: "button", onclick, ...more }, label);
  const quiet = (label, onclick, more = {}) =>
    make("button.quiz-button.quiz-quiet", { type: "button", onclick, ...more }, label);
  const heading = (text) => make("h2.exam-heading", { tabindex: "-1" }, text);
  const many = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;
  const sentence = (text = "") => text.charAt(0).toUpperCase() + text.slice(1);
  const percent = (right, total) => `${total ? Math.round((100 * right) / total) : 0}%`;
  const day = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });

  /** Replace what the page shows; the first heading takes the focus unless the page has just been opened. */
  function show(nodes, { focus = true } = {}) {
    root.replaceChildren(...nodes.filter(Boolean));
    if (!focus) return;
    const first = root.querySelector(".exam-heading");
    if (first) first.focus({ preventScroll: true });
    root.scrollIntoView({ block: "start" });
  }

  /**
   * Ask before something that cannot be undone.
   * @returns {Promise<boolean>}
   */
  function confirmed(text, yes, no = "Go back") {
    return new Promise((resolve) => {
      const dialog = make("dialog.exam-dialog", { "aria-label": yes, onclose: () => {
        dialog.remove();
        resolve(dialog.returnValue === "yes");
      } },
      make("p", {}, text),
      make("div.quiz-buttons", {},
        button(yes, () => dialog.close("yes")), quiet(no, () => dialog.close("no"), { autofocus: true })));
      root.append(dialog);
      dialog.showModal();
    });
  }

  /** Choice of the exam; remembered, and the first of the page if never chosen. */
  function examChoice(onchange) {
    const current = chosenExam();
    return make("fieldset.exam-choice", {}, make("legend", {}, "Exam"),
      ...Object.keys(bank.exams).map((code) => make("label", {},
        make("input", { type: "radio", name: "exam-choice", value: code, checked: code === current, onchange() {
          write("choice", code);
          onchange();
          root.querySelector(`input[value="${code}"]`).focus();
        } }), ` ${code}`)));
  }

  function chosenExam() {
    const choice = read("choice", "");
    return choice in bank.exams ? choice : Object.keys(bank.exams)[0];
  }

  // -- The learner's data ----------------------------------------------------------------------------------

  /** Give what this browser remembers as a file. */
  function exportData() {
    const names = Object.keys(STORED).filter((name) => read(name, null) !== null);
    const data = Object.fromEntries(names.map((name) => [name, read(name, null)]));
    const text = JSON.stringify({ format: EXPORT_FORMAT, version: 1, exported: new Date().toISOString(), data }, null, 1);
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = make("a", { href: address, download: "dva-learner-data.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  /** The data of an exported file. Throws an Error with a sentence for the learner. */
  function parseExport(text) {
    let file;
    try {
      file = JSON.parse(text);
    } catch {
      throw new Error("This is not a JSON file.");
    }
    if (file?.format !== EXPORT_FORMAT || file.version !== 1 || typeof file.data !== "object" || !file.data) {
      throw new Error("This file was not exported from here.");
    }
    for (const [name, value] of Object.entries(file.data)) {
      const kind = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
      if (STORED[name] !== kind) throw new Error(`This file is damaged: it has no valid "${name}".`);
    }
    return file.data;
  }

  /** Replace what this browser remembers. */
  function replaceData(data) {
    for (const name of Object.keys(STORED)) write(name, data[name] ?? null);
  }

  /** The box with export, import and delete. */
  function dataBox() {
    const said = make("p.quiz-verdict", { role: "status", "aria-live": "polite" });
    const hasData = () => Object.keys(STORED).some((name) => read(name, null) !== null);
    const file = make("input.exam-file", { type: "file", accept: ".json,application/json", async onchange() {
      try {
        const data = parseExport(await file.files[0].text());
        file.value = "";
        const text = "The file replaces the answers, results and due dates that this browser holds.";
        if (hasData() && !(await confirmed(text, "Replace them"))) return;
        replaceData(data);
        const results = (data.results ?? []).length;
        const told = `Imported: ${many(Object.keys(data.quiz ?? {}).length, "answer")} from chapters, ` +
          `${many(results, "result")}, ${many(Object.keys(data.boxes ?? {}).length, "question")} to repeat.`;
        start({ focus: false });
        root.querySelector(".exam-data .quiz-verdict").textContent = told;
        root.querySelector(".exam-file").focus();
      } catch (error) {
        file.value = "";
        said.textContent = error.message;
      }
    } });
    return make("section.exam-data", { "aria-labelledby": "exam-data" },
      make("h2", { id: "exam-data" }, "Your data"),
      make("p", {}, "Your answers, results and due dates are kept in this browser and nowhere else. Take them to another " +
        "browser as a file."),
      make("div.quiz-buttons", {},
        quiet("Export", exportData),
        make("label.quiz-button.quiz-quiet", {}, "Import", file),
        quiet("Delete", async () => {
          if (!(await confirmed("This deletes all your answers, results and due dates in this browser.", "Delete them"))) return;
          replaceData({});
          start({ focus: false });
          root.querySelector(".exam-data .quiz-verdict").textContent = "Deleted.";
        })),
      said);
  }

  // -- Mock exam: start ------------------------------------------------------------------------------------

  /** What the page says while the bank is too small for an honest draw; null once it is not. */
  function previewNote(exam) {
    const short = shortDomains(exam);
    if (!short.length) return null;
    const { domains, questions: total } = bank.exams[exam];
    const names = short.map(([id]) => domains.find((domain) => domain.id === id).name);
    const count = drawExam(exam, 0).length;
    return make("p.exam-preview", {},
      make("strong", {}, `Preview: the bank has ${many(poolOf(exam).length, "question")} for ${exam}. `),
      `That is not enough for ${total} questions by the exam's weights: more are needed for ${names.join("; ")}. ` +
      `Until then the mock exam takes what there is (${many(count, "question")} in ${many(minutesFor(exam, count), "minute")}), ` +
      "and its percentage says little about the exam.");
  }

  const minutesFor = (exam, count) => Math.round((bank.exams[exam].minutes * count) / bank.exams[exam].questions);

  function startMock(options) {
    if (read("exam", null)) return resumeMock(options);
    const exam = chosenExam();
    const count = drawExam(exam, 0).length;
    const { domains } = bank.exams[exam];
    show([
      heading(`A mock exam for ${exam}`),
      examChoice(() => startMock({ focus: false })),
      previewNote(exam),
      make("p", {}, `${many(count, "question")} in ${many(minutesFor(exam, count), "minute")}. By weight: ` +
        domains.map((domain) => `${domain.name} ${domain.weight}%`).join(", ") + "."),
      make("p", {}, "The clock runs on when you reload or close this page. Pause it when you need a break; the questions " +
        "are hidden meanwhile. Explanations come at the end."),
      make("div.quiz-buttons", {}, button("Start the exam", () => beginMock(exam), { disabled: count === 0 })),
      pastResults(),
      dataBox(),
    ], options);
  }

  function beginMock(exam) {
    const seed = newSeed();
    const ids = drawExam(exam, seed);
    const now = Date.now();
    const session = { exam, seed, ids, at: 0, answers: {}, flags: [], elapsed: 0, since: now,
      preview: shortDomains(exam).length > 0, limit: minutesFor(exam, ids.length) * 60 * 1000 };
    saveMock(session);
    showMock(session);
  }

  /** Go on with the exam under way; questions that left the bank since are dropped. */
  function resumeMock(options) {
    const session = read("exam", null);
    session.ids = known(session.ids);
    session.at = Math.min(session.at, session.ids.length - 1);
    if (session.ids.length === 0) {
      write("exam", null);
      startMock(options);
    } else if (remaining(session) <= 0) finishMock(session, true);
    else showMock(session, options);
  }

  const saveMock = (session) => write("exam", session);

  // -- Mock exam: time -------------------------------------------------------------------------------------

  const used = (session) => session.elapsed + (session.since === null ? 0 : Math.max(0, Date.now() - session.since));
  const remaining = (session) => session.limit - used(session);

  /** Milliseconds as h:mm:ss. */
  function clockText(time) {
    const seconds = Math.max(0, Math.ceil(time / 1000));
    const two = (number) => String(number).padStart(2, "0");
    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  let ticking = 0;

  /** Show the time that is left, every second; submits when it is up. */
  function startClock(session, shown, told) {
    clearInterval(ticking);
    const draw = () => {
      if (!shown.isConnected) return clearInterval(ticking);
      const left = remaining(session);
      shown.textContent = clockText(left);
      const minutes = Math.ceil(left / 60000);
      if ([10, 5, 1].includes(minutes) && told.dataset.minutes !== String(minutes)) {
        told.dataset.minutes = String(minutes);
        told.textContent = `${many(minutes, "minute")} left.`;
      }
      if (left <= 0) {
        clearInterval(ticking);
        finishMock(session, true);
      }
    };
    shown.textContent = clockText(remaining(session));
    if (session.since !== null) ticking = setInterval(draw, 500);
  }

  function pause(session) {
    session.elapsed = used(session);
    session.since = null;
    saveMock(session);
    showMock(session);
  }

  function unpause(session) {
    session.since = Date.now();
    saveMock(session);
    showMock(session);
  }

  // -- Mock exam: questions --------------------------------------------------------------------------------

  /** The exam under way: clock, question, navigator. */
  function showMock(session, options) {
    document.querySelectorAll(".exam-dialog").forEach((dialog) => dialog.close("no"));
    const paused = session.since === null;
    const clock = make("span.exam-clock", { role: "timer", "aria-label": "Time left" });
    const told = make("span.exam-hidden", { role: "status", "aria-live": "polite" });
    const bar = make("div.exam-bar", {}, make("span.exam-code", {}, session.exam), make("span", {}, clock, told),
      quiet(paused ? "Resume" : "Pause", () => (paused ? unpause(session) : pause(session))));
    if (paused) {
      show([bar, heading("Paused"), make("p", {}, "The clock stands still. Resume when you are ready."),
        make("div.quiz-buttons", {}, quiet("Give up this exam", () => giveUp()))], options);
    } else {
      show([bar, ...questionView(session)], options);
    }
    startClock(session, clock, told);
  }

  function questionView(session) {
    const id = session.ids[session.at];
    const question = arranged(id, session.seed);
    const last = session.ids.length - 1;
    const form = questionForm(question, `Question ${session.at + 1}`);
    form.querySelector(".quiz-number").replaceWith(heading(`Question ${session.at + 1} of ${session.ids.length}`));
    choose(form, session.answers[id] ?? []);
    const nav = navigator(session);
    form.addEventListener("change", () => {
      const keys = chosen(form);
      if (keys.length) session.answers[id] = keys;
      else delete session.answers[id];
      saveMock(session);
      nav.refresh();
    });
    const flag = quiet("", () => {
      session.flags = session.flags.includes(id) ? session.flags.filter((one) => one !== id) : [...session.flags, id];
      saveMock(session);
      label();
      nav.refresh();
    });
    const label = () => {
      flag.textContent = "Flag for review";
      flag.setAttribute("aria-pressed", String(session.flags.includes(id)));
    };
    label();
    return [form,
      make("div.quiz-buttons", {},
        quiet("Previous", () => goTo(session, session.at - 1), { disabled: session.at === 0 }),
        button("Next", () => goTo(session, session.at + 1), { disabled: session.at === last }), flag),
      nav.list,
      make("div.quiz-buttons", {}, (session.at === last ? button : quiet)("Submit the exam", () => submitMock(session)))];
  }

  function goTo(session, place) {
    session.at = place;
    saveMock(session);
    showMock(session);
  }

  /** The row of numbers below a question; `refresh` follows answers and flags. */
  function navigator(session) {
    const numbers = session.ids.map((id, place) =>
      make("button.exam-number", { type: "button", onclick: () => goTo(session, place) }, String(place + 1)));
    const refresh = () => numbers.forEach((number, place) => {
      const id = session.ids[place];
      const answered = id in session.answers;
      const flagged = session.flags.includes(id);
      number.classList.toggle("exam-answered", answered);
      number.classList.toggle("exam-flagged", flagged);
      number.setAttribute("aria-label",
        `Question ${place + 1}, ${answered ? "answered" : "not answered"}${flagged ? ", flagged" : ""}`);
      if (place === session.at) number.setAttribute("aria-current", "step");
    });
    refresh();
    const legend = make("p.exam-legend", {}, "Filled: answered. ", make("span.exam-flag", {}, "⚑"), ": flagged.");
    return { list: make("nav.exam-numbers", { "aria-label": "Questions of this exam" }, ...numbers, legend), refresh };
  }

  /** Numbers of the questions whose answer lacks something. */
  function unanswered(session) {
    return session.ids
      .map((id, place) => ((session.answers[id] ?? []).length < byId.get(id).choose ? place + 1 : 0))
      .filter(Boolean);
  }

  async function submitMock(session) {
    const open = unanswered(session);
    const text = open.length
      ? `${many(open.length, "question is", "questions are")} not fully answered (${open.slice(0, 12).join(", ")}` +
        `${open.length > 12 ? ", …" : ""}). On the exam this counts as wrong, and a guess costs nothing.`
      : "All questions are answered.";
    if (await confirmed(text, "Submit now")) finishMock(session, false);
  }

  async function giveUp() {
    if (!(await confirmed("This deletes the exam under way and its answers.", "Give up"))) return;
    write("exam", null);
    startMock();
  }

  /** Keep the result, file missed questions for repetition, and show it. */
  function finishMock(session, timeUp) {
    clearInterval(ticking);
    document.querySelectorAll(".exam-dialog").forEach((dialog) => dialog.close("no"));
    const result = { kind: "mock", exam: session.exam, seed: session.seed, ids: session.ids, answers: session.answers,
      flags: session.flags, preview: session.preview, finished: Date.now(), elapsed: Math.min(used(session), session.limit) };
    write("exam", null);
    keepResult(result);
    for (const id of result.ids) schedule(id, rightIn(result, id));
    showResult(result, timeUp);
  }

  function keepResult(result) {
    write("results", [result, ...read("results", [])].slice(0, KEPT_RESULTS));
  }

  // -- Results ---------------------------------------------------------------------------------------------

  /**
   * Count a result's questions by a key.
   * @param {function(Object): string[]} keysOf keys of a question
   * @returns {Map<string, {right: number, total: number, missed: Object[]}>}
   */
  function tally(result, keysOf) {
    const counts = new Map();
    for (const id of known(result.ids)) {
      for (const key of keysOf(byId.get(id))) {
        const count = counts.get(key) ?? { right: 0, total: 0, missed: [] };
        count.total += 1;
        if (rightIn(result, id)) count.right += 1;
        else count.missed.push(byId.get(id));
        counts.set(key, count);
      }
    }
    return counts;
  }

  /** Links to the sections that teach these questions, each once. */
  function sectionLinks(questions) {
    const sections = new Map(questions.filter((q) => q.title).map((q) => [q.href, q.title]));
    return [...sections].map(([href, title]) => make("li", {}, make("a", { href }, title)));
  }

  function domainTable(result) {
    const counts = tally(result, (question) => [domainOf(question, result.exam)]);
    const rows = bank.exams[result.exam].domains.filter((domain) => counts.has(domain.id)).map((domain) => {
      const { right, total } = counts.get(domain.id);
      return make("tr", {},
        make("th", { scope: "row" }, `${domain.id}. ${domain.name}`),
        make("td", {}, `${right} of ${total}`),
        make("td", {}, make("span.exam-meter", { "aria-hidden": "true" },
          make("span", { style: `width: ${percent(right, total)}` })), ` ${percent(right, total)}`));
    });
    return make("table.exam-domains", {},
      make("thead", {}, make("tr", {}, ...["Domain", "Right", "Share"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows));
  }

  /** Every skill that was asked, weakest first, with the sections to read again. */
  function skillList(result) {
    const texts = bank.exams[result.exam].skills;
    const counts = [...tally(result, (question) => skillsOf(question, result.exam))]
      .sort(([a, x], [b, y]) => x.right / x.total - y.right / y.total || a.localeCompare(b, "en", { numeric: true }));
    return make("ul.exam-skills", {}, ...counts.map(([skill, { right, total, missed }]) =>
      make("li", { "data-skill": skill },
        make("p", {}, make("strong", {}, skill), make("span", {}, sentence(texts[skill])), make("span", {}, `${right} of ${total}`)),
        missed.length ? make("ul", { "aria-label": `Read again for ${skill}` }, ...sectionLinks(missed)) : "")));
  }

  function showResult(result, timeUp = false) {
    const ids = known(result.ids);
    const right = ids.filter((id) => rightIn(result, id)).length;
    const names = { mock: "mock exam", drill: "drill", repetition: "repetition" };
    show([
      heading(`Your ${names[result.kind]}: ${percent(right, ids.length)}`),
      timeUp && make("p.exam-preview", {}, make("strong", {}, "The time was up."), " What you had answered was submitted."),
      make("p", {}, `${right} of ${many(ids.length, "question")} right for ${result.exam}` +
        (result.elapsed ? `, in ${clockText(result.elapsed)}.` : ".")),
      result.kind === "mock" && make("p", {}, "AWS reports a score from 100 to 1,000, and 720 passes. How it scales the " +
        "right answers to that score is not published, so 72% here does not mean 720 there. Aim higher.",
      result.preview ? " This was a preview: its questions do not follow the exam's weights." : ""),
      make("div.quiz-buttons", {},
        button("Review the answers", () => showReview(result, "all")),
        quiet(result.kind === "mock" ? "Back to the start" : "Done", () => start())),
      make("h3", {}, "By domain"), domainTable(result),
      make("h3", {}, "By skill, weakest first"), skillList(result),
    ]);
  }

  /** Every question of a result with its explanations. */
  function showReview(result, filter, options) {
    const filters = {
      all: ["All", () => true],
      missed: ["Missed", (id) => !rightIn(result, id)],
      flagged: ["Flagged", (id) => (result.flags ?? []).includes(id)],
    };
    const forms = known(result.ids).map((id, place) => {
      if (!filters[filter][1](id)) return null;
      const question = arranged(id, result.seed);
      const right = rightIn(result, id);
      const form = questionForm(question, "");
      form.querySelector(".quiz-number").replaceWith(
        make("h3.exam-reviewed", { "data-state": right ? "right" : "wrong" }, `Question ${place + 1}: ${right ? "right" : "not right"}`));
      choose(form, result.answers[id] ?? []);
      reveal(form, question.options);
      form.append(question.more);
      return form;
    }).filter(Boolean);
    const picks = Object.entries(filters).map(([name, [label]]) =>
      quiet(label, () => {
        showReview(result, name, { focus: false });
        root.querySelector(`[data-filter="${name}"]`).focus();
      }, { "aria-pressed": String(name === filter), "data-filter": name }));
    show([heading("Review"),
      make("div.quiz-buttons", {}, ...picks, quiet("Back to the result", () => showResult(result))),
      ...forms,
      forms.length === 0 && make("p", {}, "There is none."),
      forms.length > 2 && make("div.quiz-buttons", {}, quiet("Back to the result", () => showResult(result)))], options);
  }

  /** List of what was finished before; null if there is nothing. */
  function pastResults() {
    const results = read("results", []).filter((result) => result.exam in bank.exams && known(result.ids).length);
    if (!results.length) return null;
    return make("section.exam-past", { "aria-labelledby": "exam-past" },
      make("h2", { id: "exam-past" }, "Your results"),
      make("ul", {}, ...results.map((result) => {
        const ids = known(result.ids);
        const right = ids.filter((id) => rightIn(result, id)).length;
        const kind = { mock: "Mock exam", drill: "Drill", repetition: "Repetition" }[result.kind];
        return make("li", {}, `${day(result.finished)} · ${kind}, ${result.exam} · ${percent(right, ids.length)} (${right} of ${ids.length}) `,
          make("button.exam-link", { type: "button", onclick: () => showResult(result),
            "aria-label": `Show the result of ${day(result.finished)}, ${percent(right, ids.length)}` }, "Show"));
      })));
  }

  // -- Drill and repetition --------------------------------------------------------------------------------

  function startDrill(options) {
    const exam = chosenExam();
    const under = practiceUnderWay("drill");
    const weak = weakSkills(exam, outcomes());
    const texts = bank.exams[exam].skills;
    const count = drawDrill(exam, 0).length;
    show([
      heading("A drill on your weak skills"),
      examChoice(() => startDrill({ focus: false })),
      weak.length
        ? make("p", {}, "Your weakest skills so far:")
        : make("p", {}, "There are no missed answers yet, so the drill spreads over all skills that the bank asks."),
      weak.length && make("ul.exam-weak", {}, ...weak.slice(0, 5).map((s) => make("li", {}, make("strong", {}, s), ` ${sentence(texts[s])}`))),
      make("p", {}, `${many(count, "question")}, no clock, explanations after each.`),
      make("div.quiz-buttons", {},
        under && button(`Go on at question ${under.at + 1}`, () => showPractice("drill", under)),
        (under ? quiet : button)("Start a new drill", () => {
          const seed = newSeed();
          beginPractice("drill", exam, seed, drawDrill(exam, seed));
        }, { disabled: count === 0 })),
      pastResults(),
      dataBox(),
    ], options);
  }

  function startRepetition(options) {
    const under = practiceUnderWay("repetition");
    const boxes = read("boxes", {});
    const due = dueIds();
    const waiting = known(Object.keys(boxes)).filter((id) => !due.includes(id));
    const next = waiting.map((id) => boxes[id].due).sort((a, b) => a - b)[0];
    show([
      heading(due.length ? `${many(due.length, "question is", "questions are")} due` : "Nothing is due"),
      make("p", {}, waiting.length
        ? `${many(waiting.length, "question waits", "questions wait")} for a later day, the next for ${day(next)}.`
        : due.length ? "No other question waits." : "Questions that you miss in chapters, drills and mock exams come here."),
      (due.length || under) && make("div.quiz-buttons", {},
        under && button(`Go on at question ${under.at + 1}`, () => showPractice("repetition", under)),
        due.length && (under ? quiet : button)(under ? "Start anew" : "Start", () =>
          beginPractice("repetition", chosenExam(), newSeed(), due.slice(0, SITTING)))),
      make("h2", {}, "The boxes"),
      make("p", {}, "A missed question starts in box 1 and is due at once. Each right answer moves it one box on, to wait 3, " +
        "7, 14 and 30 days; a wrong one puts it back into box 1, until tomorrow. After box 5 you know it."),
      make("ol.exam-boxes", {}, ...[1, 2, 3, 4, 5].map((box) => make("li", {},
        many(known(Object.keys(boxes)).filter((id) => boxes[id].box === box).length, "question")))),
      dataBox(),
    ], options);
  }

  /** A drill or repetition that was left before its end; null if there is none. */
  function practiceUnderWay(kind) {
    const session = read(kind, null);
    if (!session) return null;
    session.ids = known(session.ids);
    return session.at < session.ids.length && session.exam in bank.exams ? session : null;
  }

  function beginPractice(kind, exam, seed, ids) {
    const session = { exam, seed, ids, at: 0, answers: {} };
    write(kind, session);
    showPractice(kind, session);
  }

  /** One question of a drill or repetition, checked at once. */
  function showPractice(kind, session) {
    const id = session.ids[session.at];
    const question = arranged(id, session.seed);
    const last = session.at === session.ids.length - 1;
    const form = questionForm(question, "");
    form.querySelector(".quiz-number").replaceWith(heading(`Question ${session.at + 1} of ${session.ids.length}`));
    const reshow = checkable(form, question, {
      after: last ? "Show the result" : "Next question",
      onChecked(keys, right) {
        session.answers[id] = keys;
        schedule(id, right);
        write(kind, session);
      },
      onAfter() {
        session.at += 1;
        write(kind, session);
        if (last) finishPractice(kind, session);
        else showPractice(kind, session);
      },
    });
    show([form]);
    if (id in session.answers) { // checked before a reload
      choose(form, session.answers[id]);
      reshow();
    }
  }

  function finishPractice(kind, session) {
    const result = { kind, exam: session.exam, seed: session.seed, ids: session.ids, answers: session.answers, flags: [],
      finished: Date.now(), elapsed: 0 };
    write(kind, null);
    keepResult(result);
    showResult(result);
  }

  const start = { "mock-exam": startMock, drill: startDrill, repetition: startRepetition }[root.dataset.kind];
  start({ focus: false });
})();
