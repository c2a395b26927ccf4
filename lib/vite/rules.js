'use strict';

const { ProxyServer } = require('../proxy-server/proxy-server.js');
const { standIn } = require('./stand-in.js');

/**
 * The rules of one `proxy` setting, changed so that Vite, when it makes a proxy of its own for one of them, gets ours in its place. Nothing
 * is said before that: a server without the setting has nothing to say about it.
 */
class Rules {
  #logger;
  #onUnavailable;
  #failure;
  #count = 0;
  #isAnnounced = false;

  /**
   * @param {Record<string, any>} rules are left as they are: a server that restarts begins with the same objects
   * @param {object} settings
   * @param {(context: string) => boolean} settings.chosen
   * @param {{ info(line: string): void, warn(line: string): void }} settings.logger
   * @param {'original' | 'throw'} settings.onUnavailable
   * @param {Error | null} settings.failure why the engine cannot be loaded
   */
  constructor(rules, { chosen, logger, onUnavailable, failure }) {
    this.#logger = logger;
    this.#onUnavailable = onUnavailable;
    this.#failure = failure;
    this.swapped = Object.fromEntries(
      Object.entries(rules).map(([context, rule]) => [
        context,
        rule && chosen(context) ? this.#swap(context, rule) : rule,
      ]),
    );
  }

  #swap(context, rule) {
    // As Vite reads it.
    const options = typeof rule === 'string' ? { target: rule, changeOrigin: true } : rule;
    const { ours, refusal } = this.#proxyOf(options);
    const configure = (theirs, copy) => {
      this.#announce();
      if (ours === undefined) {
        this.#leave(context, refusal);
        options.configure?.(theirs, copy);
        return;
      }
      standIn(theirs, ours);
      options.configure?.(ours, options);
      // Vite goes by its copy of the rule, and has not read it yet.
      Object.assign(copy, options, { configure });
    };
    return { ...options, configure };
  }

  #proxyOf(options) {
    if (this.#failure !== null) return {};
    try {
      const ours = new ProxyServer(options);
      this.#count += 1;
      return { ours };
    } catch (refusal) {
      return { refusal };
    }
  }

  /** The one line of a start. */
  #announce() {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    if (this.#failure !== null) {
      this.#giveUp(`The Rust engine cannot be loaded: ${firstLine(this.#failure)}`, this.#failure);
    } else if (this.#count > 0) {
      const rules = this.#count === 1 ? 'proxy rule runs' : 'proxy rules run';
      this.#logger.info(`${NAME} ${this.#count} ${rules} on the Rust engine`);
    }
  }

  #leave(context, refusal) {
    if (refusal === undefined) return;
    this.#giveUp(`The proxy rule "${context}" cannot run on the Rust engine: ${firstLine(refusal)}`, refusal);
  }

  #giveUp(what, cause) {
    if (this.#onUnavailable === 'throw') throw new Error(`${NAME} ${what}`, { cause });
    this.#logger.warn(`${NAME} ${what}; Vite's own engine is used`);
  }
}

const NAME = '[rs-proxy-middleware]';

const firstLine = ({ message }) => message.split('\n', 1)[0].replace(/\.$/, '');

module.exports = { Rules };
