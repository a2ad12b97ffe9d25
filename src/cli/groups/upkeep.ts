import { Argument, Option, type Command } from '@commander-js/extra-typings'
import { example, json, quiet, type Done } from '../options.ts'
import { onlyTyped } from '../sources.ts'

/** The commands about sft itself. */

export function config(program: Command, done: Done): void {
  program
    .command('config')
    .description('show what settings there are, how they stand, and where each comes from')
    .addOption(onlyTyped(new Option('--init', 'write a configuration file with all of them in comments')))
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft config --init'))
    .action(async (options) => done(await (await import('../commands/config.ts')).config(program, options)))
}

export function completion(program: Command, done: Done): void {
  program
    .command('completion')
    .description('print a script by which a shell completes commands, machines and paths')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addOption(quiet())
    .addOption(json())
    .addHelpText('after', example('sft completion bash > ~/.local/share/bash-completion/completions/sft'))
    .action(async (shell, options) => done((await import('../commands/completion.ts')).completion(shell, options)))
}
