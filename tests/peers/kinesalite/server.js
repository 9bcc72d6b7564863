// SPDX-License-Identifier: Apache-2.0
// Serves Kinesis on the loopback, which the program that comes with kinesalite does not: it listens everywhere.
//
//     node server.js MODULES DIRECTORY PORT
//
// What it is told outlives it, in DIRECTORY. It ends with its standard input.
'use strict'

const path = require('path')

const [modules, directory, port] = process.argv.slice(2)
const kinesalite = require(path.join(modules, 'kinesalite'))

const server = kinesalite({
  path: directory,
  createStreamMs: 20,
  deleteStreamMs: 20,
  updateStreamMs: 20,
  shardLimit: 1000,
})
server.listen(Number(port), '127.0.0.1')
process.stdin.on('end', () => process.exit(0)).resume()
