/* The learner's data on the exam pages: given as a file, taken from one, deleted. */
"use strict";

(() => {
  const { read, write, make } = window.dvaQuiz;
  const exam = window.dvaExam;
  const { root, quiet, many, confirmed } = exam;
  const STORED = { quiz: "object", exam: "object", drill: "object", repetition: "object", boxes: "object",
    results: "array", choice: "string" };
  const EXPORT_FORMAT = "dva-learner-data";

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
        exam.goHome({ focus: false });
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
          exam.goHome({ focus: false });
          root.querySelector(".exam-data .quiz-verdict").textContent = "Deleted.";
        })),
      said);
  }

  Object.assign(exam, { dataBox });
})();
