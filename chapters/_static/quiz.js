/* Quizzes at the end of chapters. Needs quiz-core.js.
 *
 * The page holds the questions and, in its answer key, the explanations; this script brings the two together.
 */
"use strict";

(() => {
  const { read, write, make, choose, lacking, conceal, checkable, schedule } = window.dvaQuiz;

  /** The explanations of a question, from the answer key. */
  function fromKey(entry) {
    const options = [...entry.querySelectorAll("li[data-key]")].map((item) => ({
      key: item.dataset.key,
      right: item.dataset.right === "true",
      why: item.querySelector(".quiz-why-text").innerHTML,
    }));
    return { options, more: entry.querySelector(".quiz-more") };
  }

  /** Say how many questions of a quiz are answered and right. */
  function showScore(quiz, line) {
    const forms = [...quiz.querySelectorAll("form.quiz-question")];
    const answers = read("quiz", {});
    const known = forms.map((form) => answers[form.dataset.question]).filter(Boolean);
    const right = known.filter((answer) => answer.right).length;
    line.textContent = known.length ? `${right} of ${forms.length} right, ${forms.length - known.length} open.` : "";
  }

  /** Make a quiz of a chapter answerable, and show the answers that the browser remembers. */
  function enhance(quiz) {
    quiz.classList.add("quiz-live");
    const key = quiz.querySelector("details.quiz-key");
    const score = make("p.quiz-score", { role: "status" });
    key.before(score);
    for (const form of quiz.querySelectorAll("form.quiz-question")) {
      const id = form.dataset.question;
      const question = fromKey(key.querySelector(`.quiz-answer[data-question="${id}"]`));
      form.reset();
      let seen = false; // an answer given after reading the explanations shows nothing about memory
      const show = checkable(form, question, {
        onChecked(keys, right) {
          write("quiz", { ...read("quiz", {}), [id]: { chosen: keys, right, at: Date.now() } });
          if (!seen) schedule(id, right);
          seen = true;
          showScore(quiz, score);
        },
        after: "Try again",
        onAfter() {
          conceal(form);
          form.querySelector("input").focus();
          const { [id]: _, ...others } = read("quiz", {});
          write("quiz", others);
          showScore(quiz, score);
        },
      });
      const before = read("quiz", {})[id];
      if (before) {
        choose(form, before.chosen);
        if (lacking(form)) choose(form, []); // an option was rewritten since
        else {
          show();
          seen = true;
        }
      }
    }
    showScore(quiz, score);
    window.addEventListener("beforeprint", () => { key.open = true; });
    window.addEventListener("afterprint", () => { key.open = false; });
  }

  document.querySelectorAll(".quiz").forEach(enhance);
})();
