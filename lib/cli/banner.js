'use strict';

/** What the program says when it listens. */

const { version } = require('../../package.json');
const { paint } = require('./paint.js');

/**
 * @param {import('node:tty').WriteStream} stream it is written to
 * @param {{ proxy: string, target?: string, isDemo: boolean, routes: object[], workers: number, metrics?: string, log?: string }} facts
 */
function banner(stream, { proxy, target, isDemo, routes, workers, metrics, log }) {
  const style = (how, text) => paint(stream, how, text);
  const green = (text) => style('green', text);
  const rows = [['proxy', green(proxy)]];
  if (routes.length === 0)
    rows.push(['target', green(target) + (isDemo ? style('dim', '  (built in)') : '')]);
  else routeLines(routes, style).forEach((line, at) => rows.push([at === 0 ? 'routes' : '', line]));
  if (workers > 1) rows.push(['workers', `${workers}`]);
  if (metrics !== undefined)
    rows.push(['metrics', green(`${metrics}/metrics`), ''], ['', green(`${metrics}/healthz`)]);
  if (log !== undefined) rows.push(['log', log]);
  const lines = ['', `  ${style(['bold', 'cyan'], 'rs-proxy')} ${style('dim', version)}`, ''];
  for (const [name, text] of rows) lines.push(`  ${style('bold', name.padEnd(7))}  ${text}`);
  lines.push('');
  if (isDemo) {
    lines.push(
      `  ${style('bold', 'try')}      curl ${proxy}/hello`,
      `           curl -d 'some text' ${proxy}/echo`,
      '',
    );
  }
  lines.push(style('dim', '  Ctrl-C ends it'), '', '');
  return lines.join('\n');
}

function routeLines(routes, style) {
  const width = Math.max(...routes.map(({ path }) => path.length));
  const longest = Math.max(...routes.map(({ target }) => target.length));
  return routes.map(({ path, target, rewrite }) => {
    const rules = Object.entries(rewrite ?? {}).map(([from, to]) => `${from} → ${to || '(nothing)'}`);
    const rewritten =
      rules.length > 0 ? `${' '.repeat(longest - target.length)}  ${style('dim', rules.join(', '))}` : '';
    return `${path.padEnd(width)} → ${style('green', target)}${rewritten}`;
  });
}

module.exports = { banner };
