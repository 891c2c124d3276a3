/* What the exam pages share: the bank, a question in the order of its session, chance, and the views' small parts.
 *
 * Needs quiz-core.js and bank.js. A page is one of a few views (start, question, result, review), each drawn anew by
 * `show`. localStorage: "dva:exam" the mock exam under way, "dva:drill" and "dva:repetition" theirs, "dva:results" what
 * was finished, newest first, "dva:boxes" when each missed question is due, "dva:choice" the exam.
 */
"use strict";

window.dvaExam = (() => {
  const { LETTERS, read, write, make, isRight } = window.dvaQuiz;
  const bank = window.dvaBank;
  const root = document.querySelector(".exam-page");
  const byId = new Map(bank.questions.map((question) => [question.id, question]));
  const bookRoot = document.documentElement.dataset.content_root ?? "";

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

  // -- Questions -------------------------------------------------------------------------------------------

  /** A question with its options in the order of this session; a reload keeps it. */
  function arranged(id, seed) {
    const question = byId.get(id);
    const mark = [...id].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, seed);
    return { ...question, options: shuffled(question.options, generator(mark)), more: moreLine(question) };
  }

  /**
   * The form of a question, as the book's HTML has it.
   * @param {Object} question from the page's bank, its options in the order to show
   * @param {string} label such as "Question 3"
   */
  function questionForm(question, label) {
    const name = `quiz-${question.id}`;
    const type = question.choose > 1 ? "checkbox" : "radio";
    const legend = make("legend", { html: question.ask });
    if (question.choose > 1) {
      legend.append(" ", make("strong.quiz-choose", {}, question.instruction));
    }
    const options = question.options.map((option, place) => {
      const id = `${name}-${option.key}`;
      return make("div.quiz-option", { "data-key": option.key },
        make("input", { type, name, id, value: option.key }),
        make("label", { for: id },
          make("span.quiz-letter", {}, `${LETTERS[place]}.`), " ", make("span", { html: option.text })));
    });
    return make("form.quiz-question",
      { id: name, "data-question": question.id, "data-choose": question.choose, onsubmit: (e) => e.preventDefault() },
      make("p.quiz-number", {}, label),
      make("div.quiz-scenario", { id: `${name}-scenario`, html: question.scenario }),
      make("fieldset", { "aria-describedby": `${name}-scenario` }, legend, ...options));
  }

  /** A link to the section that teaches a question; the bank has addresses from the book's root. */
  const sectionLink = ({ href, title }) => make("a", { href: bookRoot + href }, title);

  /** The line below a question's explanations. */
  function moreLine(question) {
    const line = make("p.quiz-more");
    if (question.title) line.append("Read again: ", sectionLink(question), " · ");
    line.append(make("a", { href: question.reference }, "AWS documentation"));
    return line;
  }
  const skillsOf = (question, exam) => question.skills[exam] ?? [];
  const domainOf = (question, exam) => (skillsOf(question, exam)[0] ?? "").split(".")[0];
  const poolOf = (exam) => bank.questions.filter((question) => skillsOf(question, exam).length);

  /** Ids that the bank still has. */
  const known = (ids) => ids.filter((id) => byId.has(id));

  /** Whether a question of a result was answered right. */
  const rightIn = (result, id) => isRight(byId.get(id).options, result.answers[id] ?? []);

  // -- Views -----------------------------------------------------------------------------------------------

  const button = (label, onclick, more = {}) => make("button.quiz-button", { type: "button", onclick, ...more }, label);
  const quiet = (label, onclick, more = {}) =>
    make("button.quiz-button.quiz-quiet", { type: "button", onclick, ...more }, label);
  const heading = (text) => make("h2.exam-heading", { tabindex: "-1" }, text);
  const many = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;
  const sentence = (text = "") => text.charAt(0).toUpperCase() + text.slice(1);
  const percent = (right, total) => `${total ? Math.round((100 * right) / total) : 0}%`;
  const day = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });

  /**
   * Replace what the page shows; the first heading takes the focus unless the page has just been opened.
   * Away from the first view, what the page says about itself makes room.
   */
  function show(nodes, { focus = true, home = false } = {}) {
    root.replaceChildren(...nodes.filter(Boolean));
    root.classList.toggle("exam-away", !home);
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

  let home = null;

  /** Show the page's first view, and remember it for "Done". */
  function begin(start) {
    home = start;
    start({ focus: false });
  }

  const goHome = (options) => home(options);

  return {
    bank, byId, root, generator, shuffled, newSeed, arranged, questionForm, sectionLink, skillsOf, domainOf, poolOf, known, rightIn,
    button, quiet, heading, many, sentence, percent, day, show, confirmed, examChoice, chosenExam, begin, goHome,
  };
})();
