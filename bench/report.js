'use strict';

const Table = require('cli-table3');
const goals = require('./goals.js');
const { median, spread, pairedRatios } = require('./statistics.js');

/** The contestant every ratio is relative to, if the scenario names no other; where it does not take part, it is the other of ours. */
const OURS = 'ours-server';
/** Who must reach a goal that names nobody, and in which column each of ours is shown. */
const JUDGED = ['ours-server', 'ours-middleware'];
const GOAL_COLUMNS = { 'ours-server': 0, 'ours-middleware': 1, 'ours-door': 2 };
const GOAL_HEAD = ['', 'goal', 'createProxyServer', 'createProxyMiddleware', 'native door'];

const HEAD = ['', 'µs CPU/request', 'spread', 'requests/s', 'p50 µs', 'p99 µs', '× ours', 'upstream busy'];

/** One scenario's table; `label(contestant)` adds versions. */
function scenarioTable(scenario, results, label, format) {
  if (scenario.columns !== undefined) return figureTable(scenario, results, label, format);
  const ours =
    results.find(({ contestant }) => contestant.name === (scenario.ours ?? OURS)) ??
    results.find(({ contestant }) => contestant.kind === 'ours');
  const rows = results.map((result) => row(scenario, result, ours, label));
  const heading = `${scenario.title} (× ours: ${scenario.compare === 'cpu' ? 'CPU per request' : 'p50'})`;
  return render(heading, HEAD, rows, format);
}

/** Medians of the figures that a scenario names. */
function figureTable({ title, columns }, results, label, format) {
  const rows = results.map(({ contestant, rounds, failure }) => {
    if (failure !== null) return [label(contestant), `failed: ${failure}`];
    const middle = (figure) => median(rounds.map((round) => round[figure]));
    return [label(contestant), ...columns.map(({ figure, digits }) => number(middle(figure), digits))];
  });
  return render(title, ['', ...columns.map(({ head }) => head)], rows, format);
}

function row(scenario, { contestant, rounds, failure }, ours, label) {
  if (failure !== null) return [label(contestant), `failed: ${failure}`];
  const of = (figure) => rounds.map((round) => round[figure]);
  const ratio = median(pairedRatios(rounds, validRounds(ours), scenario.compare));
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
      const verdicts = ['', '', ''];
      for (const who of ours === undefined ? JUDGED : [ours]) {
        const ratios = pairedRatios(rounds(who), rounds(against), compared);
        // Who takes part under a name of its own there stands for the server.
        verdicts[GOAL_COLUMNS[who] ?? 0] = verdict(ratios, { limit, least });
      }
      const goal = least === undefined ? `≤ ${limit}` : `≥ ${least}`;
      return [`${name}, ${FIGURES[compared]}`, `${goal} × ${against}`, ...verdicts];
    });
  if (rows.length === 0) return '';
  return render('Goals (median of the rounds; lowest to highest)', GOAL_HEAD, rows, format);
}

const FIGURES = {
  cpu: 'CPU',
  rps: 'requests/s',
  p50: 'p50',
  memory: 'memory of an idle connection',
  perSecond: 'connections per second',
  throughput: 'throughput',
};

function verdict(ratios, { limit = Infinity, least = 0 }) {
  const ratio = median(ratios);
  if (ratio === null) return 'not measured';
  const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)];
  const range = ratios.length === 1 ? '' : ` (${number(lowest, 2)}–${number(highest, 2)})`;
  return `${number(ratio, 2)}${range} ${ratio <= limit && ratio >= least ? 'met' : 'MISSED'}`;
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
