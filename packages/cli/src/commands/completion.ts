import type { Command as CommanderCommand } from 'commander'
import type { Command } from './command.ts'
import { UsageError } from './usage-error.ts'

/** What can be typed behind a command: its commands and its options, each with a description. */
interface Place {
  /** The names of the commands typed so far, each with a blank before it. */
  readonly typed: string
  readonly words: readonly Word[]
}

interface Word {
  readonly text: string
  readonly description: string
}

const shells: Readonly<Record<string, (places: readonly Place[]) => string>> = { bash, zsh, fish }

/** `headwater completion`, for the commands of this program. */
export function completion(program: CommanderCommand): Command {
  return async ({ args }) => {
    const [shell = ''] = args as readonly string[]
    const write = Object.hasOwn(shells, shell) ? shells[shell] : undefined
    if (write === undefined)
      throw new UsageError(
        `there is completion for ${Object.keys(shells).join(', ')}: got ${shell}`,
      )
    const script = write(placesIn(program, ''))
    return { data: { shell, script }, text: () => script.trimEnd() }
  }
}

function placesIn(command: CommanderCommand, typed: string): readonly Place[] {
  const words = [
    ...command.commands.map((one) => ({ text: one.name(), description: one.description() })),
    ...command.options.map(({ long, description }) => ({ text: long ?? '', description })),
    ...(typed === '' ? [] : globalWords),
    { text: '--help', description: 'say what there is' },
  ]
  const below = command.commands.flatMap((one) => placesIn(one, `${typed} ${one.name()}`))
  return [{ typed, words }, ...below]
}

const globalWords: readonly Word[] = [
  { text: '--json', description: 'print JSON' },
  { text: '--config', description: 'the configuration' },
]

function bash(places: readonly Place[]): string {
  const cases = places.map(
    ({ typed, words }) => `    "${typed}") words="${words.map(({ text }) => text).join(' ')}" ;;`,
  )
  return `# headwater completion bash > /etc/bash_completion.d/headwater
_headwater() {
  local typed="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$typed $word" in
      ${patterns(places, '"', '|')}) typed="$typed $word" ;;
    esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _headwater headwater
`
}

function zsh(places: readonly Place[]): string {
  const cases = places.map(({ typed, words }) => {
    const described = words.map(
      ({ text, description }) => `      ${quoted(`${text}:${description.replaceAll(':', '\\:')}`)}`,
    )
    return `    "${typed}") choices=(\n${described.join('\n')}\n    ) ;;`
  })
  return `#compdef headwater
# headwater completion zsh > "\${fpath[1]}/_headwater"
_headwater() {
  local typed="" word
  local -a choices
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$typed $word" in
      ${patterns(places, '"', '|')}) typed="$typed $word" ;;
    esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  _describe 'headwater' choices
}
compdef _headwater headwater
`
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ typed, words }) =>
    words.map(({ text, description }) => {
      const condition = `-n 'string match -q -- "${typed}" (__headwater_typed)'`
      const word = text.startsWith('--') ? `-l ${text.slice(2)}` : `-f -a ${text}`
      return `complete -c headwater ${condition} ${word} -d ${quoted(description)}`
    }),
  )
  return `# headwater completion fish > ~/.config/fish/completions/headwater.fish
function __headwater_typed
  set -l typed ''
  for word in (commandline -opc)[2..-1]
    switch "$typed $word"
      case ${patterns(places, "'", ' ')}
        set typed "$typed $word"
    end
  end
  echo "$typed"
end
${lines.join('\n')}
`
}

/** Every command with those before it, as patterns of a shell. */
function patterns(places: readonly Place[], quote: string, between: string): string {
  return places
    .filter(({ typed }) => typed !== '')
    .map(({ typed }) => `${quote}${typed}${quote}`)
    .join(between)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}
