'use strict';

/** The REST API of configurable-http-proxy: `/api/routes`. */

const { STATUS_CODES } = require('node:http');
const { isTooDeep, readBody } = require('../dynamic/request-body.js');
const { StoreError } = require('../dynamic/route-store.js');
const { NoHostError, RoutePathError } = require('./route-path.js');

const ROUTES = /^\/api\/routes(\/.*)?$/;
const METHODS = { GET: 'read', POST: 'add', DELETE: 'remove' };
const STATUS_OF_BODY = { BAD_REQUEST: 400, REQUEST_TIMEOUT: 408, BODY_TOO_LARGE: 413 };

/** A request that changes nothing, and what its client is told. */
class Refusal extends Error {
  constructor(status, message = STATUS_CODES[status], { fields = {}, cause } = {}) {
    super(message, { cause });
    this.status = status;
    this.fields = fields;
  }
}

class RoutesApi {
  #routes;
  #whyNot;
  #onAdded;
  #targetProblem;
  #limits;
  #metrics;
  #log;

  /**
   * @param {object} parts
   * @param {import('./routes.js').Routes} parts.routes
   * @param {ReturnType<import('./admission.js').admission>} parts.whyNot a request may not use it
   * @param {(key: string, target: string) => void} parts.onAdded is told of each route
   * @param {(target: unknown) => string | undefined} parts.targetProblem why a route may not lead there
   * @param {{ maxBodySize: number, bodyTimeout: number, maxRoutes: number }} parts.limits
   * @param {import('./metrics.js').Metrics} parts.metrics
   * @param {import('./log.js').Log} parts.log
   */
  constructor({ routes, whyNot, onAdded, targetProblem, limits, metrics, log }) {
    this.#routes = routes;
    this.#whyNot = whyNot;
    this.#onAdded = onAdded;
    this.#targetProblem = targetProblem;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** A request listener. */
  handle = (req, res) => {
    let said = '';
    res.once('finish', () => {
      this.#metrics.apiAnswered(res.statusCode);
      const line = `${res.statusCode} ${req.method} ${req.url.split('?', 1)[0]} ${said}`.trimEnd();
      if (res.statusCode < 400) this.#log.info(line);
      else if (res.statusCode < 500) this.#log.warn(line);
      else this.#log.error(line);
    });
    this.#answer(req, res).catch((error) => {
      const refusal = refusalOf(error);
      said = refusal.status === 500 ? `${error}` : refusal.message;
      if (res.headersSent) res.destroy();
      else refuse(refusal, req, res);
    });
  };

  async #answer(req, res) {
    const url = urlOf(req);
    const [, path] = ROUTES.exec(url.pathname) ?? [];
    if (!ROUTES.test(url.pathname)) throw new Refusal(404);
    const act = Object.hasOwn(METHODS, req.method) ? METHODS[req.method] : undefined;
    if (act === undefined)
      throw new Refusal(405, 'Method not supported', { fields: { allow: Object.keys(METHODS).join(', ') } });
    const reason = this.#whyNot(req);
    if (reason?.status === 429)
      throw new Refusal(429, 'Too many wrong tokens', { fields: { 'retry-after': `${reason.retryAfter}` } });
    if (reason !== undefined) throw new Refusal(reason.status, '');
    if (act === 'add') await this.#add(path ?? '/', req, res);
    else await this.#find(act, path, url.searchParams, req, res);
  }

  async #find(act, path, query, req, res) {
    try {
      if (act === 'read') await this.#read(path, query, res);
      else await this.#remove(path ?? '/', req, res);
    } catch (error) {
      throw error instanceof NoHostError ? new Refusal(404, '', { cause: error }) : error;
    }
  }

  async #read(path, query, res) {
    if (path !== undefined && path !== '/') {
      const route = await this.#routes.get(path);
      if (route === undefined) throw new Refusal(404, '');
      sendJson(res, route);
      return;
    }
    const since = sinceOf(query);
    const routes = await this.#routes.all();
    this.#metrics.count('api_route_get');
    if (since === undefined) sendJson(res, routes);
    else {
      const isInactive = ([, route]) => route.last_activity < since;
      sendJson(res, Object.fromEntries(Object.entries(routes).filter(isInactive)));
    }
  }

  async #add(path, req, res) {
    const data = await this.#body(req);
    const problem = this.#targetProblem(data.target);
    if (problem !== undefined) throw new Refusal(problem.status, problem.message);
    if (this.#routes.size >= this.#limits.maxRoutes && !this.#routes.has(path))
      throw new Refusal(507, `There are ${this.#limits.maxRoutes} routes already`);
    const key = await this.#routes.add(path, data);
    this.#log.info(`Route added ${key} -> ${data.target} (by ${whoIs(req)})`);
    this.#onAdded(key, data.target);
    this.#metrics.count('api_route_add');
    res.writeHead(201).end();
  }

  async #body(req) {
    const text = await readBody(req, this.#limits, (reason) => new Refusal(STATUS_OF_BODY[reason]));
    let data;
    try {
      data = JSON.parse(text);
    } catch (cause) {
      throw new Refusal(400, `Body not valid JSON: ${cause}`, { cause });
    }
    if (isTooDeep(data)) throw new Refusal(400, 'Body is too deep');
    const isTable = typeof data === 'object' && data !== null && !Array.isArray(data);
    return isTable ? data : {};
  }

  async #remove(path, req, res) {
    const isGone = await this.#routes.remove(path);
    this.#metrics.count('api_route_delete');
    if (!isGone) throw new Refusal(404, '');
    this.#log.info(`Route removed ${decodeURIComponent(path)} (by ${whoIs(req)})`);
    res.writeHead(204).end();
  }
}

function urlOf(req) {
  try {
    return new URL(req.url, 'http://localhost');
  } catch (cause) {
    throw new Refusal(400, 'The URL is malformed', { cause });
  }
}

/** Before when routes have been inactive, if that is asked. */
function sinceOf(query) {
  const given = query.get('inactiveSince') ?? query.get('inactive_since');
  if (given === null) return undefined;
  const since = new Date(given);
  if (Number.isNaN(since.getTime())) throw new Refusal(400, `Invalid datestamp '${given}' must be ISO8601.`);
  return since;
}

const whoIs = ({ socket }) => socket.remoteAddress ?? 'a Unix socket';

function sendJson(res, value) {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refusalOf(error) {
  if (error instanceof Refusal) return error;
  if (error instanceof RoutePathError) return new Refusal(400, error.message);
  if (error instanceof StoreError) return new Refusal(503, error.message);
  return new Refusal(500);
}

function refuse({ status, message, fields }, req, res) {
  const type =
    message === ''
      ? {}
      : { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  // What is left of the body is not waited for.
  const end = req.complete ? {} : { connection: 'close' };
  res.writeHead(status, { ...fields, ...type, ...end }).end(message);
}

module.exports = { RoutesApi };
