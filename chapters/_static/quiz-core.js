/* What the quizzes of chapters and the exam pages share: answering a question, and what the browser remembers of it
 * (localStorage, names under "dva:"). No build step, no other script.
 */
"use strict";

window.dvaQuiz = (() => {
  const LETTERS = "ABCDEFGH";
  const WORDS = { 2: "TWO", 3: "THREE", 4: "FOUR" };
  const DAY = 24 * 60 * 60 * 1000;

  /** Days until a question of each box is asked again; box 1 is the first. */
  const BOX_DAYS = [1, 3, 7, 14, 30];

  // -- Storage ---------------------------------------------------------------------------------------------

  /**
   * Read a value that the learner's browser holds.
   * @param {string} name without the prefix
   * @param {*} fallback if there is none, or storage is switched off
   */
  function read(name, fallback) {
    try {
      return JSON.parse(localStorage.getItem(`dva:${name}`)) ?? fallback;
    } catch {
      return fallback;
    }
  }

  /**
   * Keep a value; null deletes it.
   * @returns {boolean} whether the browser kept it
   */
  function write(name, value) {
    try {
      if (value === null) localStorage.removeItem(`dva:${name}`);
      else localStorage.setItem(`dva:${name}`, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  // -- Building pages --------------------------------------------------------------------------------------

  /**
   * Make an element.
   * @param {string} tag name, with classes after dots: "p.quiz-more"
   * @param {Object} attributes `html` sets the content, `on…` a listener; false and null leave one out
   * @param {...(Node|string)} children other values are left out
   */
  function make(tag, attributes = {}, ...children) {
    const [name, ...classes] = tag.split(".");
    const made = document.createElement(name);
    if (classes.length) made.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (key === "html") made.innerHTML = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child || child === ""));
    return made;
  }

  // -- Answers ---------------------------------------------------------------------------------------------

  /** Keys of the options that are chosen in a form. */
  const chosen = (form) => [...form.querySelectorAll("input:checked")].map((input) => input.value);

  /** Tick the options with these keys. */
  function choose(form, keys) {
    for (const input of form.querySelectorAll("input")) input.checked = keys.includes(input.value);
  }

  /**
   * Whether exactly the right options were chosen.
   * @param {{key: string, right: boolean}[]} options
   * @param {string[]} keys
   */
  const isRight = (options, keys) => options.every((option) => option.right === keys.includes(option.key));

  /** Show which options are right and why, beside each; the form can no longer be changed. */
  function reveal(form, options) {
    const keys = chosen(form);
    form.classList.add("quiz-revealed");
    for (const option of options) {
      const holder = form.querySelector(`.quiz-option[data-key="${option.key}"]`);
      if (!holder) continue;
      const taken = keys.includes(option.key);
      holder.classList.add(option.right ? "quiz-right" : "quiz-wrong");
      holder.classList.toggle("quiz-taken", taken);
      const id = `${form.id}-${option.key}-why`;
      holder.append(make("p.quiz-why", { id },
        make("strong", {}, option.right ? "Right" : "Wrong"), taken ? " (your answer). " : ". ",
        make("span", { html: option.why })));
      const input = holder.querySelector("input");
      input.disabled = true;
      input.setAttribute("aria-describedby", id);
    }
  }

  /** Take the explanations away again and clear the answer. */
  function conceal(form) {
    form.classList.remove("quiz-revealed");
    form.querySelectorAll(".quiz-why, .quiz-more").forEach((shown) => shown.remove());
    form.querySelectorAll(".quiz-option").forEach((o) => o.classList.remove("quiz-right", "quiz-wrong", "quiz-taken"));
    for (const input of form.querySelectorAll("input")) {
      input.disabled = input.checked = false;
      input.removeAttribute("aria-describedby");
    }
  }

  /** What to say when an answer is not complete; empty if it is. */
  function lacking(form) {
    const wanted = Number(form.dataset.choose);
    const count = chosen(form).length;
    if (count === wanted) return "";
    return wanted === 1 ? "Choose an answer first." : `Choose ${WORDS[wanted] ?? wanted} answers; you have ${count}.`;
  }

  /**
   * Give a form its "Check" button and its verdict.
   * @param {HTMLFormElement} form
   * @param {Object} question with `options` and a `more` line
   * @param {Object} settings
   * @param {function(string[], boolean)} settings.onChecked told the answer and whether it is right
   * @param {function()} settings.onAfter what the button does once the answer is checked
   * @param {string} settings.after the button's words then
   * @returns {function()} shows the explanations of what is chosen now, without reporting it
   */
  function checkable(form, question, { onChecked, onAfter, after }) {
    const button = make("button.quiz-button", { type: "submit" }, "Check");
    const verdict = make("p.quiz-verdict", { role: "status", "aria-live": "polite" });
    form.append(make("div.quiz-buttons", {}, button, verdict));

    const show = () => {
      const right = isRight(question.options, chosen(form));
      reveal(form, question.options);
      form.append(question.more.cloneNode(true));
      say(right ? "Right." : "Not right. Each option says why.", right ? "right" : "wrong");
      button.textContent = after;
      return right;
    };
    const say = (text, state) => {
      verdict.textContent = text;
      verdict.dataset.state = state;
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.classList.contains("quiz-revealed")) {
        say("", "");
        button.textContent = "Check";
        return onAfter();
      }
      const lacks = lacking(form);
      if (lacks) return say(lacks, "lacking");
      const keys = chosen(form);
      onChecked(keys, show());
    });
    return show;
  }

  // -- Spaced repetition -----------------------------------------------------------------------------------

  /**
   * Put a question into the box that its answer earns. A missed question enters box 1 and is due at once; missed
   * again, tomorrow. A right answer to a due question moves it one box on, and out of the last one.
   * @param {string} id
   * @param {boolean} right
   * @param {number} now milliseconds
   */
  function schedule(id, right, now = Date.now()) {
    const boxes = read("boxes", {});
    const known = boxes[id];
    if (!right) boxes[id] = { box: 1, due: known ? now + BOX_DAYS[0] * DAY : now };
    else if (!known || known.due > now) return;
    else if (known.box >= BOX_DAYS.length) delete boxes[id];
    else boxes[id] = { box: known.box + 1, due: now + BOX_DAYS[known.box] * DAY };
    write("boxes", boxes);
  }

  return {
    LETTERS, read, write, make, chosen, choose, isRight, lacking, reveal, conceal, checkable, schedule,
  };
})();
