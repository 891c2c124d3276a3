/* The mock exam: drawn by the exam's weights, against the clock, with flags, pause and resume. */
"use strict";

(() => {
  const { read, write, make, chosen, choose, schedule } = window.dvaQuiz;
  const { bank, byId, generator, shuffled, newSeed, arranged, questionForm, domainOf, poolOf, known, rightIn, button, quiet,
    heading, many, show, confirmed, examChoice, chosenExam, begin, clockText, keepResult, showResult, pastResults,
    dataBox } = window.dvaExam;

  // -- Drawing questions -----------------------------------------------------------------------------------

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

  // -- Start -----------------------------------------------------------------------------------------------

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
    ], { ...options, home: true });
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

  // -- Time ------------------------------------------------------------------------------------------------

  const used = (session) => session.elapsed + (session.since === null ? 0 : Math.max(0, Date.now() - session.since));
  const remaining = (session) => session.limit - used(session);

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

  // -- Questions -------------------------------------------------------------------------------------------

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

  begin(startMock);
})();
