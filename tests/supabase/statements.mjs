// Runs SQL on an empty PostgreSQL (PGlite): each statement by itself, as psql does. Standard input is
// a JSON list of statements; standard output is a list of the rows that each gave.
import { PGlite } from '@electric-sql/pglite'
import { text } from 'node:stream/consumers'

const database = await PGlite.create()
const results = []
for (const statement of JSON.parse(await text(process.stdin))) {
  results.push((await database.query(statement)).rows)
}
await database.close()
process.stdout.write(JSON.stringify(results))
