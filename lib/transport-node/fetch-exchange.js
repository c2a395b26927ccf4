'use strict';

/**
 * One exchange by a function like `fetch`, told in the completions of the engine. The hooks of `fetchOptions` are asked before and after it.
 *
 * What undici's `fetch` would refuse or lose stays right: fields of the connection are not given to it, each cookie is a field of its own,
 * what it has decoded is not called encoded, an answer without a body ends, and whoever is not needed any more is told so.
 */

const { Readable } = require('node:stream');
const { types } = require('node:util');
const { hookError } = require('../bridge/errors.js');
const { withinTime } = require('../bridge/listeners.js');
const { engineFetch } = require('./engine-fetch.js');
const { badAnswer, BAD_FIELD, cancelled, clientFailure } = require('./failures.js');
const { fieldsOfResponse } = require('./fetched-fields.js');
const { Inflow } = require('./inflow.js');
const { answerText } = require('./passes.js');
const { editedHeaders, isForEngine, requestOptions } = require('./request-options.js');
const { requestHead } = require('./request-head.js');
const { TimeLimits } = require('./time-limits.js');

// What a response is; the same number stands in src/binding/completion.rs.
const OPEN_ENDED = 2;

class FetchExchange {
  #inner;
  #call;
  #order;
  #face;
  /** The engine has its own. */
  #limits = null;
  #head;
  #upload = null;
  #controller = new AbortController();
  #inflow = null;
  #isAnswered = false;
  #isOver = false;
  #trailers = '';
  /** Goes on to read the body. */
  #goOn = null;

  /**
   * @param {object} inner the engine, or what stands for it
   * @param {{ req: object, res: object, options: Record<string, any>, target: URL }} call
   * @param {{ config: object, packed: string, body: Buffer | undefined, isRaw: boolean, clientHost?: string }} order
   * @param {object} face what is told
   */
  constructor(inner, call, order, face) {
    this.#inner = inner;
    this.#call = call;
    this.#order = order;
    this.#face = face;
    this.#head = requestHead(order.packed);
    if (order.body === undefined) this.#upload = new Upload(() => this.#tell('onWritable'));
  }

  start() {
    this.#run().catch((thrown) => this.#fail(hookError('fetch', thrown)));
  }

  async #run() {
    const { fetchOptions, fetch } = this.#call.options;
    const { onAfterResponse, onBeforeRequest } = fetchOptions || NO_HOOKS;
    const init = requestOptions(this.#head, this.#body, fetchOptions?.requestOptions);
    init.signal = init.signal
      ? AbortSignal.any([init.signal, this.#controller.signal])
      : this.#controller.signal;
    if (onBeforeRequest) await this.#hook('onBeforeRequest', onBeforeRequest, init);
    if (this.#isOver) return;
    let response;
    try {
      response = await this.#ask(init, typeof fetch === 'function' ? fetch : undefined);
    } catch (thrown) {
      this.#fail(fetchFailure(thrown, 'head', false));
      return;
    }
    this.#limits?.stop('head');
    if (this.#isOver) {
      response.body?.cancel?.().catch(() => {});
      return;
    }
    this.#isAnswered = true;
    if (onAfterResponse) await this.#hook('onAfterResponse', onAfterResponse, response);
    if (!this.#isOver) await this.#deliver(response);
  }

  /** The client's body, if there is one. */
  get #body() {
    return this.#upload ?? (this.#order.body.length > 0 ? this.#order.body : undefined);
  }

  /** Sends it: by the user's function, by the global one where there is something that only it knows, or over the engine. */
  #ask(init, fetch) {
    const { target } = this.#call;
    const protocol = target.protocol.replace(/^ws/, 'http');
    if (fetch === undefined && isForEngine(init)) {
      const isReplaced = init.body !== this.#body;
      const order = {
        ...this.#order,
        head: this.#head,
        init,
        headers: editedHeaders(init.headers),
        isReplaced,
      };
      return engineFetch(this.#inner, order, {
        interim: (status, message) =>
          this.#tell('onInterim', status, answerText(message, { ...this.#order, isRaw: false }, false)),
        trailers: (text) => {
          this.#trailers = text;
        },
      });
    }
    this.#limits = new TimeLimits(limitsOf(this.#call.options), (limit, errorOf) =>
      this.#fail(errorOf(this.#isAnswered ? 'body' : 'head')),
    );
    this.#limits.start('total');
    this.#limits.start('head');
    const url = `${protocol}//${target.host}${this.#head.path}`;
    const ask = fetch ?? globalThis.fetch;
    return ask(url, forFetch(init));
  }

  async #hook(name, hook, subject) {
    const { req, res, options } = this.#call;
    try {
      const pending = hook(subject, req, res, options);
      if (typeof pending?.then !== 'function') return;
      if (options.hookTimeout > 0) await withinTime(name, [pending], options.hookTimeout);
      else await pending;
    } catch (thrown) {
      this.#fail(hookError(name, thrown));
    }
  }

  async #deliver(response) {
    const { body, status } = response;
    const isBodiless =
      this.#head.method === 'HEAD' || NO_BODY.has(status) || body === null || body === undefined;
    const message = fieldsOfResponse(response, isBodiless);
    const isOpen =
      !isBodiless && !message.rawHeaders.some((item, i) => i % 2 === 0 && item === 'content-length');
    const text = status >= 200 ? answerText(message, this.#order, isOpen) : undefined;
    if (text === undefined) {
      this.#fail(badAnswer(...(status >= 200 ? BAD_FIELD : BAD_STATUS)));
      return;
    }
    const flags = isOpen ? OPEN_ENDED : 0;
    if (isBodiless) {
      this.#end('onResponse', status, flags, text, '');
      return;
    }
    this.#inflow = new Inflow({ pause: () => {}, resume: () => this.#goOn?.() }, () =>
      this.#tell('onReadable'),
    );
    this.#tell('onResponse', status, flags, text, undefined);
    try {
      await this.#receive(body);
    } catch (thrown) {
      this.#fail(fetchFailure(thrown, 'body', true));
    }
  }

  async #receive(body) {
    this.#limits?.start('idle');
    for await (const chunk of body) {
      if (this.#isOver) return;
      this.#inflow.push(chunk);
      if (this.#inflow.isFull) {
        this.#limits?.stop('idle');
        await new Promise((resolve) => {
          this.#goOn = resolve;
        });
      }
      if (this.#isOver) return;
      this.#limits?.start('idle');
    }
    this.#end('onEnd', this.#trailers);
  }

  // As the engine has it

  write(chunk) {
    // Copied: who has given it may write to it again, while this waits to be sent.
    return this.#isOver || this.#upload.push(Buffer.from(chunk));
  }

  finish() {
    if (!this.#isOver) this.#upload.push(null);
  }

  get waiting() {
    return this.#inflow?.waiting ?? 0;
  }

  read(into) {
    return this.#inflow?.read(into) ?? 0;
  }

  abort() {
    if (this.#isOver) return;
    this.#give(() => this.#end('onFailed', cancelled()));
  }

  // Ends

  #fail(error) {
    if (!this.#isOver) this.#end('onFailed', error);
    this.#give(() => {});
  }

  /** Gives up whatever still goes on. */
  #give(then) {
    process.nextTick(() => {
      then();
      this.#controller.abort();
      this.#upload?.destroy();
      this.#goOn?.();
    });
  }

  #end(event, ...args) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#limits?.stopAll();
    this.#tell(event, ...args);
  }

  /** What somebody throws who is told is this exchange's failure. */
  #tell(event, ...args) {
    try {
      this.#face[event](...args);
    } catch (thrown) {
      this.#face.fail(hookError('proxyRes', thrown));
    }
  }
}

const NO_HOOKS = {};
const NO_BODY = new Set([204, 205, 304]);
const BAD_STATUS = ['HPE_INVALID_STATUS', 'Invalid status code'];

/** The request's body as a stream, for whoever takes none but streams. */
class Upload extends Readable {
  #onRoom;

  constructor(onRoom) {
    super();
    this.#onRoom = onRoom;
    // Nobody need listen to a body that is given up.
    this.on('error', () => {});
  }

  _read() {
    process.nextTick(this.#onRoom);
  }
}

/** What fetch takes no part of. */
function forFetch(init) {
  const headers = editedHeaders(init.headers);
  const isBodied = init.body !== undefined && init.method !== 'GET' && init.method !== 'HEAD';
  headers.delete('expect');
  if (!isBodied) {
    init.body?.resume?.();
    delete init.body;
    delete init.duplex;
    headers.delete('content-length');
  }
  return { redirect: 'manual', ...init, headers };
}

/** What fetch says is in the cause. */
function fetchFailure(thrown, phase, isAnswered) {
  if (thrown?.phase !== undefined) return thrown;
  const error = types.isNativeError(thrown) ? thrown : new Error(`${thrown}`, { cause: thrown });
  if (error.code === undefined && error.cause?.code !== undefined) error.code = error.cause.code;
  return clientFailure(error, phase, isAnswered);
}

function limitsOf({ proxyTimeout, timeouts }) {
  const limit = (value) => (value > 0 ? value : undefined);
  return {
    head: limit(timeouts?.head ?? proxyTimeout),
    idle: limit(timeouts?.idle ?? proxyTimeout),
    total: limit(timeouts?.total),
    isNamed: Boolean(timeouts),
  };
}

module.exports = { FetchExchange };
