// npm run load: an open-loop mixed load on the Express example, with faults on a schedule.
import { writeFile } from 'node:fs/promises'
import { say } from '../soaks/run/say.ts'
import { readCommandLine } from './command-line.ts'
import { measure } from './measure.ts'
import { pageOf } from './output/page/page.ts'
import { summaryOf } from './output/summary.ts'
import { tableOf } from './output/table.ts'

const command = readCommandLine(process.argv.slice(2))
const outcome = await measure(command, say)
if (command.reportFile !== undefined) await writeFile(command.reportFile, pageOf(outcome))
console.log(command.isJson ? JSON.stringify(summaryOf(outcome)) : tableOf(outcome))
process.exitCode = outcome.report.slo === 'met' ? 0 : 1
