'use strict';

const { parseArgs } = require('node:util');
const contestants = require('./contestants/index.js');
const scenarios = require('./scenarios.js');

const HELP = `Usage: npm run bench -- [options]

  --scenario a,b   scenarios to run (default all, see below); 'door-*' are all whose names begin so
  --only a,b       contestants to run (default all, see below)
  --rounds N       measured rounds per contestant (default 3)
  --seconds S      length of one round, whole seconds (default 2)
  --warmup S       load before the first round, whole seconds (default 2)
  --pin            load generator and upstream on the last core, the contestant on the others (Linux)
  --markdown       print Markdown tables
  --json FILE      also write every round to FILE
  --help

Scenarios: ${names(scenarios)}
Contestants: ${names(contestants)}`;

/** @throws {Error} naming the option that is wrong */
function readOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      scenario: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      warmup: { type: 'string', default: '2' },
      pin: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    help: values.help,
    scenarios: select('--scenario', values.scenario, scenarios),
    contestants: select('--only', values.only, contestants),
    rounds: wholeNumber('--rounds', values.rounds),
    seconds: wholeNumber('--seconds', values.seconds),
    warmup: wholeNumber('--warmup', values.warmup),
    pin: values.pin,
    markdown: values.markdown,
    json: values.json,
  };
}

function select(option, list, all) {
  if (list === undefined) return all;
  const matches = (wanted, name) =>
    wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
  const wanted = list.split(',');
  const unknown = wanted.filter((one) => !all.some(({ name }) => matches(one, name)));
  if (unknown.length > 0) throw new Error(`${option}: unknown ${unknown.join(', ')}; known: ${names(all)}`);
  return all.filter(({ name }) => wanted.some((one) => matches(one, name)));
}

function wholeNumber(option, text) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option}: expected a whole number from 1, got ${text}`);
  return Number(text);
}

function names(list) {
  return list.map(({ name }) => name).join(', ');
}

module.exports = { HELP, readOptions };
