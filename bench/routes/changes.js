'use strict';

const { AT_A_TIME } = require('./api.js');

const TICK_MS = 10;
/** Routes that are there while they change. */
const KEPT = 1000;

/** Changes routes at a rate, as far as they are taken: some are added, those that have been there longest are taken out. */
class Changes {
  #api;
  #target;
  #perSecond;
  #began = performance.now();
  #begun = 0;
  #added = 0;
  /** The routes that are there, the oldest first. */
  #there = [];
  #underWay = new Set();
  #timer;
  #isOver = false;
  #failure = null;
  /** How many were answered. */
  done = 0;

  /**
   * @param {import('./api.js').RoutesApi} api
   * @param {string} target
   * @param {number} perSecond
   */
  constructor(api, target, perSecond) {
    this.#api = api;
    this.#target = target;
    this.#perSecond = perSecond;
    this.#timer = setInterval(() => this.#begin(), TICK_MS);
  }

  /** Those that are due, as many at a time as may be. */
  #begin() {
    const due = ((performance.now() - this.#began) / 1000) * this.#perSecond;
    while (!this.#isOver && this.#begun < due && this.#underWay.size < AT_A_TIME) {
      this.#begun += 1;
      const change = this.#change()
        .then(() => (this.done += 1))
        .catch((error) => (this.#failure ??= error))
        .finally(() => {
          this.#underWay.delete(change);
          this.#begin();
        });
      this.#underWay.add(change);
    }
  }

  async #change() {
    if (this.#there.length >= KEPT) {
      await this.#api.remove(this.#there.shift());
      return;
    }
    this.#added += 1;
    const path = `/changing/user-${this.#added}`;
    await this.#api.add(path, this.#target);
    this.#there.push(path);
  }

  /**
   * Begins no more, and waits for those that are under way.
   *
   * @throws {Error} if one of them has failed
   */
  async stop() {
    this.#isOver = true;
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    if (this.#failure !== null) throw this.#failure;
  }
}

module.exports = { Changes };
