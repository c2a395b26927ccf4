'use strict';

/** Facts of an original beside ours, and the table of differences that explains what is not the same. */

/**
 * @typedef {{ where: string, theirs: string | undefined, ours: string | undefined }} Difference
 *
 * @typedef {object} Entry one row of the table
 * @property {string} id
 * @property {string[]} originals
 * @property {string} what ours does, and the original does not
 * @property {string} reason
 * @property {string} rule the rule of docs/compatibility.md that it follows
 * @property {number} [conflict] the one of docs/compatibility.md that it decides
 * @property {string[]} [scenarios] names, `theme: name`; `*` stands for any text
 * @property {string[]} [where] the facts that differ; `*` stands for any text
 * @property {string} [theirs] what the original's fact is; `*` stands for any text, `-` for none
 * @property {string} [ours]
 * @property {string} [proof] the test file that shows it, where no scenario can
 */

/** @returns {Difference[]} */
function differencesOf(theirs, ours) {
  const places = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort();
  return places
    .filter((where) => theirs[where] !== ours[where])
    .map((where) => ({ where, theirs: theirs[where], ours: ours[where] }));
}

/** Explains differences by the table, and remembers which parts of it were needed. */
class Table {
  #rows;
  #used = new Set();

  /** @param {Entry[]} entries */
  constructor(entries) {
    this.#rows = entries.flatMap((entry) =>
      (entry.scenarios ?? []).flatMap((scenario) =>
        entry.originals.flatMap((original) =>
          entry.where.map((where) => ({
            original,
            keys: [`${entry.id}: ${scenario} (${original})`, `${entry.id}: ${where}`],
            scenario: pattern(scenario),
            where: pattern(where),
            theirs: pattern(entry.theirs ?? '*'),
            ours: pattern(entry.ours ?? '*'),
          })),
        ),
      ),
    );
  }

  /** The differences that no row explains. */
  unexplained(scenario, original, differences) {
    return differences.filter((difference) => {
      const rows = this.#rows.filter(
        (row) =>
          row.original === original &&
          row.scenario.test(scenario) &&
          row.where.test(difference.where) &&
          row.theirs.test(difference.theirs ?? '-') &&
          row.ours.test(difference.ours ?? '-'),
      );
      for (const key of rows.flatMap(({ keys }) => keys)) this.#used.add(key);
      return rows.length === 0;
    });
  }

  /** What has explained nothing: a scenario with an original, or a fact. */
  unused() {
    return [...new Set(this.#rows.flatMap(({ keys }) => keys))].filter((key) => !this.#used.has(key));
  }
}

/** `*` stands for any text. */
function pattern(text) {
  const parts = text.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

module.exports = { Table, differencesOf };
