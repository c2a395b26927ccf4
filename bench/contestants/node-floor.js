'use strict';

const { serve } = require('../serve.js');
const { answerItself } = require('../floor.js');

serve(() => answerItself);
