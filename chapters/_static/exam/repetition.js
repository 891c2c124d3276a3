/* Spaced repetition: what was missed comes back after days. */
"use strict";

(() => {
  const { read, make } = window.dvaQuiz;
  const { newSeed, known, button, quiet, heading, many, day, show, chosenExam, begin, practiceUnderWay, beginPractice,
    showPractice, dataBox } = window.dvaExam;
  const SITTING = 30; // questions of one sitting

  /** Ids of the questions that are due for repetition, the longest due first. */
  function dueIds(now = Date.now()) {
    const boxes = read("boxes", {});
    return known(Object.keys(boxes)).filter((id) => boxes[id].due <= now).sort((a, b) => boxes[a].due - boxes[b].due);
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
    ], { ...options, home: true });
  }

  begin(startRepetition);
})();
