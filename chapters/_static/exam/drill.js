/* The drill: twenty questions on the skills that were missed most. */
"use strict";

(() => {
  const { read, make } = window.dvaQuiz;
  const { bank, generator, shuffled, newSeed, skillsOf, poolOf, known, rightIn, button, quiet, heading, many, sentence, show,
    examChoice, chosenExam, begin, practiceUnderWay, beginPractice, showPractice, pastResults, dataBox } = window.dvaExam;
  const DRILL_SIZE = 20;

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
    ], { ...options, home: true });
  }

  begin(startDrill);
})();
