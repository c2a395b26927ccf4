'use strict';

const Table = require('cli-table3');
const goals = require('./goals.js');
const { median, spread, pairedRatio } = require('./statistics.js');

/** The contestant every ratio is relative to; where it does not take part, it is the other of ours. */
const OURS = 'ours-server';
const GOAL_COLUMNS = ['ours-server', 'ours-middleware'];

const HEAD = ['', 'µs CPU/request', 'spread', 'requests/s', 'p50 µs', 'p99 µs', '× ours', 'upstream busy'];

/** One scenario's table; `label(contestant)` adds versions. */
function scenarioTable(scenario, results, label, format) {
  if (scenario.columns !== undefined) return figureTable(scenario, results, label, format);
  const ours =
    results.find(({ contestant }) => contestant.name === OURS) ??
    results.find(({ contestant }) => contestant.kind === 'ours');
  const rows = results.map((result) => row(scenario, result, ours, label));
  const heading = `${scenario.title} (× ours: ${scenario.compare === 'cpu' ? 'CPU per request' : 'p50'})`;
  return render(heading, HEAD, rows, format);
}

/** Medians of the figures that a scenario names. */
function figureTable({ title, columns }, results, label, format) {
  const rows = results.map(({ contestant, rounds }) => [
    label(contestant),
    ...columns.map(({ figure, digits }) => number(median(rounds.map((round) => round[figure])), digits)),
  ]);
  return render(title, ['', ...columns.map(({ head }) => head)], rows, format);
}

function row(scenario, { contestant, rounds, failure }, ours, label) {
  if (failure !== null) return [label(contestant), `failed: ${failure}`];
  const of = (figure) => rounds.map((round) => round[figure]);
  const ratio = pairedRatio(rounds, validRounds(ours), scenario.compare);
  return [
    label(contestant) + errorNote(rounds),
    number(median(of('cpu')), 1),
    percent(spread(of(scenario.compare))),
    number(median(of('rps')), 0),
    number(median(of('p50')), 0),
    number(median(of('p99')), 0),
    number(ratio, 2),
    contestant.kind === 'floor' ? '–' : percent(median(of('upstreamShare'))),
  ];
}

/** What a contestant did before it failed is compared with nothing. */
function validRounds(result) {
  return result === undefined || result.failure !== null ? [] : result.rounds;
}

function errorNote(rounds) {
  const sum = (figure) => rounds.reduce((total, round) => total + round[figure], 0);
  const notes = [];
  if (sum('badStatus') > 0) notes.push(`${sum('badStatus')} bad statuses`);
  if (sum('socketErrors') > 0) notes.push(`${sum('socketErrors')} socket errors`);
  return notes.length === 0 ? '' : ` [${notes.join(', ')}]`;
}

/** Every goal of the scenarios that ran. */
function goalTable(measured, format) {
  const rows = goals
    .filter(({ scenario }) => measured.has(scenario))
    .map(({ scenario: name, ours, against, limit, least, figure }) => {
      const { scenario, results } = measured.get(name);
      const compared = figure ?? scenario.compare;
      const rounds = (who) => validRounds(results.find(({ contestant }) => contestant.name === who));
      // A contestant of ours that takes part there alone stands for the server.
      const columns = ours === undefined ? GOAL_COLUMNS : [ours, undefined];
      const verdicts = columns.map((who) =>
        verdict(pairedRatio(rounds(who), rounds(against), compared), { limit, least }),
      );
      const goal = least === undefined ? `≤ ${limit}` : `≥ ${least}`;
      return [`${name}, ${FIGURES[compared]}`, `${goal} × ${against}`, ...verdicts];
    });
  return render('Goals', ['', 'goal', 'createProxyServer', 'createProxyMiddleware'], rows, format);
}

const FIGURES = {
  cpu: 'CPU',
  p50: 'p50',
  memory: 'memory of an idle connection',
  perSecond: 'connections per second',
  throughput: 'throughput',
};

function verdict(ratio, { limit = Infinity, least = 0 }) {
  if (ratio === null) return 'not measured';
  return `${number(ratio, 2)} ${ratio <= limit && ratio >= least ? 'met' : 'MISSED'}`;
}

function render(heading, head, rows, format) {
  return format === 'markdown' ? markdown(heading, head, rows) : terminal(heading, head, rows);
}

function terminal(heading, head, rows) {
  const table = new Table({
    head,
    // Escape sequences only where a terminal turns them into colours.
    style: {
      compact: true,
      ...(process.stdout.isTTY ? { head: ['bold'], border: ['grey'] } : { head: [], border: [] }),
    },
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
  for (const cells of rows) {
    const [last] = cells.slice(-1);
    const missing = head.length - cells.length;
    table.push([
      ...cells.slice(0, -1),
      missing > 0 ? { content: last, colSpan: missing + 1, hAlign: 'left' } : last,
    ]);
  }
  return `${heading}\n${table}\n`;
}

function markdown(heading, head, rows) {
  const line = (cells) =>
    `| ${head.map((_, i) => String(cells[i] ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = line(head.map((_, i) => (i === 0 ? '---' : '---:')));
  return [`### ${heading}`, '', line(head), rule, ...rows.map(line), ''].join('\n');
}

function number(value, digits) {
  if (value === null) return '–';
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function percent(share) {
  return share === null ? '–' : `${number(share * 100, 0)} %`;
}

module.exports = { scenarioTable, goalTable };
