#!/usr/bin/env node
'use strict';

require('../lib/cli/program.js').program().parseAsync();
