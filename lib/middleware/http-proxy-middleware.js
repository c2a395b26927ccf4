'use strict';

const { hookError } = require('../bridge/errors.js');
const { PASS_ON, PASSED_ON } = require('../bridge/exchange-life.js');
const { CONSUMED_BODY } = require('../bridge/exchange-request.js');
const { callListeners } = require('../bridge/listeners.js');
const { endRefused } = require('../bridge/refuse-upgrade.js');
const { warnOnce } = require('../bridge/warning.js');
const { openDoor } = require('../proxy-server/door.js');
const { DECISIONS, decisionsOf } = require('../proxy-server/door-routes.js');
const { ProxyServer } = require('../proxy-server/proxy-server.js');
const { verifyConfig } = require('./configuration.js');
const { consumedBody } = require('./consumed-body.js');
const { Debug: debug } = require('./debug.js');
const { functionName } = require('./function-name.js');
const { createPassThrough } = require('./pass-through.js');
const { createPathFilter } = require('./path-filter.js');
const { createPathRewriter } = require('./path-rewriter.js');
const { noTarget, prepareRequest } = require('./prepare-request.js');
const { responseTransform } = require('./response-transform.js');
const { RULES } = require('./rules.js');
const { serverOf } = require('./server-hooks.js');
const { Servers } = require('./servers.js');
const { getStatusCode } = require('./status-code.js');
const { isHandshake, takeOverSocket } = require('./take-over.js');
const { claimSocket, guardSocket } = require('./upgrade-socket.js');

/** One middleware: what is decided about a request before it is forwarded. */
class HttpProxyMiddleware {
  #rules;
  #logger;
  #proxy;
  #rewrite;
  #matches;
  #passThrough;
  #servers = new Servers(this);

  /**
   * @param {import('../../index.js').Options} options kept by reference; may be edited at any time
   * @param {import('./rules.js').Rules} [rules]
   */
  constructor(options, rules = RULES) {
    verifyConfig(options);
    this.options = options;
    this.#rules = rules;
    this.#logger = rules.logger(options);
    // Beside a router the target may be there in name only.
    const isRoutedOnly = options.router && !options.target;
    this.#proxy = new ProxyServer(isRoutedOnly ? { ...options, target: undefined } : options);
    rules.created(options);
    this.#passThrough = createPassThrough(options.passThrough);
    this.#rewrite = createPathRewriter(options.pathRewrite, rules.rewriteLines);
    for (const plugin of rules.plugins(options)) {
      debug('register plugin: "%s"', functionName(plugin));
      plugin(this.#proxy, options);
    }
    // Behind the listeners of the user's: what they did to the head stands.
    if (options.responseTransform) this.#proxy.on('proxyRes', responseTransform(options.responseTransform));
    this.#matches = filterOf(options, options.logger ? (error) => this.#logger.error(error) : undefined);
    /** Its length of three is what frameworks tell an error handler by. */
    this.middleware = async (req, res, next) => {
      const server = serverOf(req);
      if (server !== undefined) this.#servers.meet(server);
      if (options.ws === true && isHandshake(req, res)) await this.#upgradeLate(req, res, next);
      else if (!this.#shouldProxy(req)) next?.();
      else await this.#forward(req, res, next);
    };
    this.middleware.upgrade = (req, socket, head) => {
      const server = serverOf(req);
      if (server === undefined || !this.#servers.isSubscribed(server)) this.handleUpgrade(req, socket, head);
    };
    this.middleware.listen = (port, settings, onListening) => this.#listen(port, settings, onListening);
  }

  #listen(port, settings, onListening) {
    const { nodesOption, decisions } = decisionsOf(this.options);
    const subject = {
      proxy: this.#proxy,
      nodesOption,
      serve: (req, res, next) => {
        const fail = (error) => this.#notForwarded(error, res, undefined);
        this.middleware(req, res, (error) => (error === undefined ? next() : fail(error))).catch(fail);
      },
      upgrade: (req, socket, head) => this.handleUpgrade(req, socket, head),
    };
    if (typeof settings === 'function')
      return openDoor(subject, [port, { [DECISIONS]: decisions }, settings]);
    return openDoor(subject, [port, { ...settings, [DECISIONS]: decisions }, onListening]);
  }

  #shouldProxy(req) {
    const url = this.#rules.filteredUrl(req);
    try {
      return Boolean(this.#matches(url, req));
    } catch (error) {
      debug('Error: matchPathFilter() called with request url: ', `"${url}"`);
      this.#logger.error(error);
      return false;
    }
  }

  async #forward(req, res, next) {
    const proxy = this.#proxy;
    let outcome;
    try {
      const isBegun = res.headersSent;
      const found = this.#active(req, res);
      const active = found === this.options ? found : await found;
      // A function of the user's has answered.
      if (!isBegun && (res.headersSent || res.writableEnded)) return;
      const own = this.#withHooks(active, req, next);
      outcome = own === proxy.options ? proxy.web(req, res) : proxy.web(req, res, own);
    } catch (error) {
      this.#notForwarded(error, res, next);
      return;
    }
    // Whom nobody answers, and nobody can hand on, the proxy answers: it must not take this for somebody who waits for a failure.
    if (typeof next !== 'function') await whenOver(outcome);
    else if ((await outcome.catch(next)) === PASSED_ON) next();
  }

  /** The same options, with what the exchange asks the middleware. */
  #withHooks(active, req, next) {
    const consumed = consumedBody(req);
    // Without a next there is nobody to pass the request on to.
    const passOn = typeof next === 'function' ? this.#passThrough : undefined;
    if (consumed === undefined && passOn === undefined) return active;
    return { ...active, [CONSUMED_BODY]: consumed, [PASS_ON]: passOn };
  }

  /** The options of this request: those of the middleware or, if somebody is asked, a promise of others. */
  #active(req, res) {
    this.#rules.prepare(req);
    const { url } = req;
    const { options } = this;
    const check = (active) => {
      const { target, forward } = active;
      if (!target && !forward && !res?.headersSent) throw noTarget();
      this.#rules.forwarding({ options, req, url, target });
      return active;
    };
    if (!options.router && this.#rewrite === undefined) return check(options);
    return prepareRequest(options, this.#rewrite, req, res, this.#rules).then(check);
  }

  #notForwarded(thrown, res, next) {
    if (typeof next === 'function') {
      next(thrown);
      return;
    }
    warnOnce(this.#proxy, hookError('router or pathRewrite', thrown));
    if (res.headersSent || res.writableEnded) return;
    res.statusCode = 500;
    res.end();
  }

  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @returns {boolean} whether this middleware has taken the socket
   */
  handleUpgrade(req, socket, head) {
    guardSocket(socket);
    if (!this.#shouldProxy(req) || !claimSocket(socket)) return false;
    this.#upgrade(req, socket, head).catch((error) => this.#upgradeFailed(error, req, socket));
    return true;
  }

  async #upgrade(req, socket, head) {
    const active = await this.#active(req, undefined);
    if (socket.destroyed) return;
    this.#rules.upgrading();
    this.#proxy.ws(req, socket, head, active);
  }

  /**
   * A handshake that came when nobody listened for any. Like all others it has its whole path, whatever the middleware is mounted on. Settles
   * when its connection is closed.
   */
  async #upgradeLate(req, res, next) {
    const { url } = req;
    req.url = req.originalUrl || url;
    if (!this.#shouldProxy(req)) {
      req.url = url;
      next?.();
      return;
    }
    // Node's parser is still at work on it.
    await new Promise(process.nextTick);
    const socket = takeOverSocket(req, res);
    guardSocket(socket);
    claimSocket(socket);
    if (socket.destroyed) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await this.#upgrade(req, socket, NO_HEAD).catch((error) => this.#upgradeFailed(error, req, socket));
    await closed;
  }

  async #upgradeFailed(error, req, socket) {
    const written = socket.bytesWritten;
    const guard = (thrown) => warnOnce(this.#proxy, thrown);
    const pending = callListeners(this.#proxy, 'error', [error, req, socket], guard);
    if (pending !== undefined) await Promise.all(pending);
    endRefused(socket, written, getStatusCode(error));
  }

  serverClosed(server) {
    this.#rules.serverClosing();
    if (!this.#servers.closed(server)) return;
    debug('closing proxy server');
    this.#proxy.close(() => debug('proxy server closed'));
  }
}

const NO_HEAD = Buffer.alloc(0);

/** What is wrong with a filter is said with each request, and lets none of them through. */
function filterOf({ pathFilter }, report) {
  // Everything: also what is no path, such as the * of OPTIONS.
  if (pathFilter === undefined) return () => true;
  try {
    return createPathFilter(pathFilter, report);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Waits for the end of an exchange without counting among those who wait for its failure. */
function whenOver(outcome) {
  return new Promise((resolve) => {
    Promise.prototype.then.call(outcome, resolve, resolve);
  });
}

module.exports = { HttpProxyMiddleware };
