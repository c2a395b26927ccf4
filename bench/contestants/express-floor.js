'use strict';

const express = require('express');
const { serve } = require('../serve.js');
const { answerItself } = require('../floor.js');

serve(() => express().use(answerItself));
