/* Results of the exam pages: by domain, by skill, the review with explanations, and the list of earlier ones. */
"use strict";

(() => {
  const { read, write, make, choose, reveal } = window.dvaQuiz;
  const exam = window.dvaExam;
  const { bank, byId, root, arranged, questionForm, sectionLink, skillsOf, domainOf, known, rightIn } = exam;
  const { button, quiet, heading, many, sentence, percent, day, show } = exam;
  const KEPT_RESULTS = 20;

  /** Milliseconds as h:mm:ss. */
  function clockText(time) {
    const seconds = Math.max(0, Math.ceil(time / 1000));
    const two = (number) => String(number).padStart(2, "0");
    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  /** Keep a finished session; the oldest of many is dropped. */
  function keepResult(result) {
    write("results", [result, ...read("results", [])].slice(0, KEPT_RESULTS));
  }

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
    const sections = new Map(questions.filter((q) => q.title).map((q) => [q.href, q]));
    return [...sections.values()].map((question) => make("li", {}, sectionLink(question)));
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
        quiet(result.kind === "mock" ? "Back to the start" : "Done", () => exam.goHome())),
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

  Object.assign(exam, { clockText, keepResult, showResult, pastResults });
})();
