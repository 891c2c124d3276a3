/* One question after the other, each explained at once: what drill and repetition share. */
"use strict";

(() => {
  const { read, write, choose, checkable, schedule } = window.dvaQuiz;
  const exam = window.dvaExam;
  const { bank, arranged, questionForm, heading, known, show, keepResult, showResult } = exam;

  /** A drill or repetition that was left before its end; null if there is none. */
  function practiceUnderWay(kind) {
    const session = read(kind, null);
    if (!session) return null;
    session.ids = known(session.ids);
    return session.at < session.ids.length && session.exam in bank.exams ? session : null;
  }

  function beginPractice(kind, code, seed, ids) {
    const session = { exam: code, seed, ids, at: 0, answers: {} };
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

  Object.assign(exam, { practiceUnderWay, beginPractice, showPractice });
})();
