'use strict';

/** What has happened, as text for Prometheus, by the names of configurable-http-proxy. */

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

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
  #seen;

  /** @param {() => Seen} seen what has come to the public place */
  constructor(seen) {
    this.#seen = seen;
  }

  /** @param {keyof typeof HELP} name one more of these */
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
    else res.writeHead(200, { 'content-type': CONTENT_TYPE }).end(this.text());
  };

  /** @returns {string} */
  text() {
    const { web, ws, answers, searching, activities } = this.#seen();
    const counters = { ...this.#counts, requests_ws: ws, requests_web: web };
    const lines = Object.entries(counters).flatMap(([name, value]) => [...head(name), `${name} ${value}`]);
    lines.push(...head('requests_proxy'), ...byStatus('requests_proxy', answers));
    lines.push(...head('requests_api'), ...byStatus('requests_api', this.#api));
    lines.push(...summary('find_target_for_req', searching, web + ws));
    // One number is written, which takes no time to speak of.
    lines.push(...summary('last_activity_updating', 0, activities), ...ofProcess());
    return `${lines.join('\n')}\n`;
  }
}

function head(name, type = 'counter', help = HELP[name]) {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function byStatus(name, counts) {
  return [...counts].map(([status, count]) => `${name}{status="${status}"} ${count}`);
}

function summary(name, sum, count) {
  return [...head(name, 'summary'), `${name}_sum ${sum}`, `${name}_count ${count}`];
}

/** Of the metrics that prom-client has of a process, those that dashboards show. */
function ofProcess() {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const began = Date.now() / 1000 - process.uptime();
  const rows = [
    ['process_cpu_user_seconds_total', 'counter', 'Total user CPU time spent in seconds.', user / 1e6],
    ['process_cpu_system_seconds_total', 'counter', 'Total system CPU time spent in seconds.', system / 1e6],
    [
      'process_cpu_seconds_total',
      'counter',
      'Total user and system CPU time spent in seconds.',
      (user + system) / 1e6,
    ],
    [
      'process_start_time_seconds',
      'gauge',
      'Start time of the process since unix epoch in seconds.',
      Math.floor(began),
    ],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', rss],
    ['nodejs_heap_size_total_bytes', 'gauge', 'Process heap size from Node.js in bytes.', heapTotal],
    ['nodejs_heap_size_used_bytes', 'gauge', 'Process heap size used from Node.js in bytes.', heapUsed],
    ['nodejs_external_memory_bytes', 'gauge', 'Node.js external memory size in bytes.', external],
  ];
  return rows.flatMap(([name, type, help, value]) => [...head(name, type, help), `${name} ${value}`]);
}

module.exports = { Metrics };
