'use strict';

const { Router } = require('express');

/** @param {import('express').RequestHandler} forward */
module.exports = (forward) => Router().get('/', forward).put('/:id/read', forward);
