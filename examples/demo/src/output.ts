import { styleText } from 'node:util'
import type { WriteStream } from 'node:tty'
import { SingleBar } from 'cli-progress'

type Style = Parameters<typeof styleText>[0]

/** The progress of a long task. */
export interface Progress {
  /** Shows the number of items done. */
  update(done: number): void
  /** Ends the progress with one line. */
  done(line: string): void
}

const columns = { store: 12, text: 88, ms: 10 } as const

/** Prints for people: with colours and bars on a terminal, plain lines elsewhere. */
export class Output {
  /** Whether printing has ended. */
  isMuted = false
  readonly #stream: WriteStream

  constructor(stream: WriteStream) {
    this.#stream = stream
  }

  /** Prints a line. */
  line(text = ''): void {
    if (!this.isMuted) this.#stream.write(`${text}\n`)
  }

  /** Prints the title of a part. */
  heading(text: string): void {
    this.line(`\n${this.#style('bold', text)}`)
  }

  /** Prints a dimmed line. */
  remark(text: string): void {
    this.line(this.#style('dim', `  ${text}`))
  }

  /** Prints columns, the first one a name. */
  row(name: string, ...cells: readonly string[]): void {
    this.line(`  ${this.#style('cyan', name.padEnd(columns.store))}${cells.join('')}`.trimEnd())
  }

  /** Prints a step of a store and its duration. */
  step({
    store,
    text,
    ms,
  }: {
    readonly store: string
    readonly text: string
    readonly ms: number
  }): void {
    this.#marked(
      this.#style('green', '✓'),
      store,
      `${text.padEnd(columns.text)}${this.#style('dim', duration(ms).padStart(columns.ms))}`,
    )
  }

  /** Prints a promise that did not hold. */
  failure(store: string, text: string): void {
    this.#marked(this.#style('red', '✗'), store, this.#style('red', text))
  }

  /** Shows the progress of a task. */
  progress(label: string, total: number): Progress {
    return this.#stream.isTTY ? this.#bar(label, total) : this.#plainProgress(label, total)
  }

  #marked(mark: string, store: string, text: string): void {
    this.line(`  ${mark} ${this.#style('cyan', store.padEnd(columns.store))}${text}`)
  }

  #bar(label: string, total: number): Progress {
    const format = `    ${label.padEnd(columns.store)}{bar} {value}/{total}`
    const bar = new SingleBar({
      format,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 40,
      hideCursor: true,
      clearOnComplete: true,
      stream: this.#stream,
    })
    bar.start(total, 0)
    return {
      update: (done) => {
        bar.update(done)
      },
      done: (line) => {
        bar.stop()
        this.row(label, line)
      },
    }
  }

  #plainProgress(label: string, total: number): Progress {
    let quarter = 0
    return {
      update: (done) => {
        const reached = Math.floor((4 * done) / total)
        if (reached > quarter && reached < 4) this.row(label, `${done}/${total}`)
        quarter = Math.max(quarter, reached)
      },
      done: (line) => {
        this.row(label, line)
      },
    }
  }

  #style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }
}

/** Formats a duration for people. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(1)} s`
}
