'use strict';

/** One direction of a WebSocket whose messages somebody judges: they are shown one at a time, and what is made of them goes on. */

class MessageLane {
  #messages;
  #isToClient;
  #show;
  #pass;
  #onIdle;
  /** A message was shown, and what becomes of it is not known yet. */
  #isJudging = false;
  /** Whoever has pushed knows that it is waited for. */
  #isHeld = false;
  #isRunning = false;
  #onEnd = null;

  /**
   * @param {object} messages the binding's
   * @param {boolean} isToClient
   * @param {{ show(flags: number, text: string): void, pass(bytes: Buffer): void, onIdle(): void }} owner `onIdle`: nothing waits any more
   */
  constructor(messages, isToClient, { show, pass, onIdle }) {
    this.#messages = messages;
    this.#isToClient = isToClient;
    this.#show = show;
    this.#pass = pass;
    this.#onIdle = onIdle;
  }

  /** Whether what was pushed waits for a verdict. */
  get isJudging() {
    return this.#isJudging;
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    this.#messages.push(this.#isToClient, chunk);
    this.#run();
  }

  /** Nothing more comes. `onEnd` is called when all that has come was judged. */
  end(onEnd) {
    this.#onEnd = onEnd;
    this.#run();
  }

  /** Says what becomes of the message that was shown last; see lib/bridge/messages.js. */
  judge(what, payload) {
    this.#isJudging = false;
    this.#passSome(this.#messages.settle(this.#isToClient, what, payload));
    this.#run();
  }

  #passSome(bytes) {
    if (bytes.length > 0) this.#pass(bytes);
  }

  #run() {
    // A listener may give its verdict at once, and there may be very many messages.
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#isJudging) {
      const step = this.#messages.step(this.#isToClient);
      if (step === null) break;
      if (step.message === undefined) {
        this.#passSome(step.bytes);
      } else {
        this.#isJudging = true;
        this.#show(step.flags, step.message);
      }
    }
    this.#isRunning = false;
    const wasHeld = this.#isHeld;
    this.#isHeld = this.#isJudging;
    if (this.#isJudging) return;
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    if (onEnd !== null) {
      this.#passSome(this.#messages.rest(this.#isToClient));
      onEnd();
    } else if (wasHeld) {
      this.#onIdle();
    }
  }
}

/** The same for bytes that nobody judges. */
class OpenLane {
  #pass;

  /** @param {{ pass(bytes: Buffer): void }} owner */
  constructor({ pass }) {
    this.#pass = pass;
  }

  get isJudging() {
    return false;
  }

  push(chunk) {
    this.#pass(chunk);
  }

  end(onEnd) {
    onEnd();
  }
}

module.exports = { MessageLane, OpenLane };
