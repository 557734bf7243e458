// Runs the suite against a cache, or reads the results that it publishes of others, and judges both
// as its own site does (lib/display.mjs): `suite.mjs run BASE_URL [ID...]` | `suite.mjs published`.
//
// Prints JSON. Only tests for proxies are there, and only those in the suite's index: the 21 about
// `Surrogate-Control`, which its command line adds, are of another specification.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import fetch from 'node-fetch'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import { determineTestResult } from 'http-cache-tests/lib/display.mjs'
import published from 'http-cache-tests/results/index.mjs'
import suites from 'http-cache-tests/tests/index.mjs'

const WORDS = {
  '✅': 'pass',
  '⛔️': 'fail',
  '⚠️': 'missed',
  Y: 'yes',
  N: 'no',
  '🔹': 'setup',
  '⁉️': 'harness',
  '↻': 'retried',
  '⚪️': 'dependency',
  '-': 'untested'
}

const { resolve } = createRequire(import.meta.url)
const tests = suites.flatMap(suite => suite.tests).filter(test => !test.browser_only)
const byId = new Map(tests.map(test => [test.id, test]))

// The tests that are needed to judge these.
function withDependencies (ids) {
  const found = new Set()
  const add = id => {
    if (found.has(id)) return
    found.add(id)
    for (const other of byId.get(id).depends_on ?? []) add(other)
  }
  ids.forEach(add)
  return found
}

function judged (ids, results) {
  return Object.fromEntries(ids.map(id => [id, {
    kind: byId.get(id).kind ?? 'required',
    verdict: WORDS[determineTestResult(suites, id, results)[2]],
    said: results[id] === true ? '' : String(results[id]?.[1] ?? '')
  }]))
}

async function run (base, ids) {
  const wanted = withDependencies(ids)
  const chosen = suites.map(suite => ({
    ...suite, tests: suite.tests.filter(test => wanted.has(test.id))
  }))
  await runTests(chosen, fetch, false, base)
  return judged(ids, getResults())
}

function others () {
  return published.filter(each => each.type !== 'browser').map(({ file, name, version }) => {
    const place = resolve(`http-cache-tests/results/${file}`)
    return { name, version, tests: judged([...byId.keys()], JSON.parse(readFileSync(place))) }
  })
}

const [command, base, ...ids] = process.argv.slice(2)
const answer = command === 'run' ? await run(base, ids.length ? ids : [...byId.keys()]) : others()
process.stdout.write(JSON.stringify(answer))
