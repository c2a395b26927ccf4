'use strict';

/** What has happened, as text for Prometheus, by the names of configurable-http-proxy. */

// What the original uses, and most of Node's programs: dashboards find the same metrics of the process.
const { Counter, Registry, collectDefaultMetrics } = require('prom-client');

const HELP = {
  api_route_get: 'Count of API route get requests',
  api_route_add: 'Count of API route add requests',
  api_route_delete: 'Count of API route delete requests',
  requests_ws: 'Count of websocket requests',
  requests_web: 'Count of web requests',
  requests_proxy: 'Count of proxy requests',
  requests_api: 'Count of API requests',
  find_target_for_req: 'Summary of find target requests',
  last_activity_updating: 'Summary of last activity updating requests',
};

/**
 * @typedef {object} Seen
 * @property {number} web requests
 * @property {number} ws those for WebSockets
 * @property {Map<number, number>} answers by status
 * @property {number} searching for how many seconds routes were looked up
 * @property {number} activities how often the last activity of a route was written down
 */

class Metrics {
  #counts = { api_route_get: 0, api_route_add: 0, api_route_delete: 0 };
  #api = new Map();
  #register = new Registry();

  /** @param {() => Seen} seen what has come to the public place */
  constructor(seen) {
    for (const name of Object.keys(this.#counts)) this.#counter(name, () => this.#counts[name]);
    this.#counter('requests_ws', () => seen().ws);
    this.#counter('requests_web', () => seen().web);
    this.#byStatus('requests_proxy', () => seen().answers);
    this.#byStatus('requests_api', () => this.#api);
    this.#summary('find_target_for_req', () => ({ sum: seen().searching, count: seen().web + seen().ws }));
    // One number is written, which takes no time to speak of.
    this.#summary('last_activity_updating', () => ({ sum: 0, count: seen().activities }));
  }

  /** Counts what the process takes as well: memory, processor time, the loop's delays. */
  watchProcess() {
    collectDefaultMetrics({ register: this.#register });
  }

  /** @param {string} name one more of `api_route_get`, `api_route_add` and `api_route_delete` */
  count(name) {
    this.#counts[name] += 1;
  }

  /** The API has answered with this status. */
  apiAnswered(status) {
    this.#api.set(status, (this.#api.get(status) ?? 0) + 1);
  }

  /** Answers a request for the metrics. */
  handle = (req, res) => {
    const isMetrics = req.url.split('?', 1)[0] === '/metrics';
    if (!isMetrics) res.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not Found');
    else if (req.method !== 'GET' && req.method !== 'HEAD') res.writeHead(405, { allow: 'GET, HEAD' }).end();
    else
      this.#register.metrics().then(
        (text) => res.writeHead(200, { 'content-type': this.#register.contentType }).end(text),
        (error) => res.destroy(error),
      );
  };

  #counter(name, read) {
    const collect = function () {
      this.reset();
      this.inc(read());
    };
    new Counter({ name, help: HELP[name], registers: [this.#register], collect });
  }

  #byStatus(name, read) {
    const collect = function () {
      this.reset();
      for (const [status, count] of read()) this.inc({ status }, count);
    };
    new Counter({ name, help: HELP[name], labelNames: ['status'], registers: [this.#register], collect });
  }

  /** The engine sums up, so there are no single observations to give to a summary of the library's. */
  #summary(name, read) {
    const get = () => {
      const { sum, count } = read();
      const values = [
        { metricName: `${name}_sum`, labels: {}, value: sum },
        { metricName: `${name}_count`, labels: {}, value: count },
      ];
      return { name, help: HELP[name], type: 'summary', aggregator: 'sum', values };
    };
    this.#register.registerMetric({ name, get });
  }
}

module.exports = { Metrics };
