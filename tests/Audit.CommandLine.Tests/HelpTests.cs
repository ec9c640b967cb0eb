using System.Diagnostics;

namespace Audit.CommandLine.Tests;

/// <summary>What explains the command line, and what completes it.</summary>
public sealed class HelpTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task without_a_verb_there_is_help_and_no_server()
    {
        var plain = (await InProcess.RunAsync()).Require(ExitCode.Fine).Out;

        Assert.Contains("Commands:", plain, StringComparison.Ordinal);
        Assert.Equal(plain, (await InProcess.RunAsync("help")).Require(ExitCode.Fine).Out);
        Assert.Equal(plain, (await InProcess.RunAsync("--help")).Require(ExitCode.Fine).Out);
        Assert.Equal(
            "Before --data stands a verb: a node is started by `audit serve --data x`.\n",
            (await InProcess.RunAsync("--data", "x")).Require(ExitCode.WrongUse).Error);
    }

    [Theory]
    [InlineData("show")]
    [InlineData("token create")]
    [InlineData("watch")]
    public async Task help_of_a_verb_is_that_of_the_verb(string verb)
    {
        var said = (await InProcess.RunAsync(["help", .. verb.Split(' ')])).Require(ExitCode.Fine).Out;

        Assert.Contains("Usage:", said, StringComparison.Ordinal);
        Assert.Equal((await InProcess.RunAsync([.. verb.Split(' '), "--help"])).Require(ExitCode.Fine).Out, said);
    }

    [Theory]
    [InlineData("serch", "Did you mean `audit search`?")]
    [InlineData("help sesions", "Did you mean `audit sessions`?")]
    [InlineData("token lst", "Did you mean `audit token list`?")]
    [InlineData("sessions --limt 3", "Did you mean `audit sessions --limit`?")]
    [InlineData("sessions --tme ago", "Did you mean `audit sessions --time`?")]
    public async Task what_is_misspelt_is_answered_with_what_may_be_meant(string typed, string meant) =>
        Assert.Contains(meant, (await InProcess.RunAsync(typed.Split(' '))).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);

    [Fact]
    public async Task a_word_that_is_near_nothing_is_answered_without_a_guess() =>
        Assert.DoesNotContain("Did you mean", (await InProcess.RunAsync("xyzzyx")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);

    [UnixFact]
    public async Task bash_completes_verbs_options_their_values_and_the_query_language()
    {
        string[] lines = ["audit sea", "audit token l", "audit sessions --ti", "audit tail -o ", "audit show x --time ", "audit search is:fai", "audit search x -is:out", "audit search sou", "audit completion z", "audit view o", "audit view save mine is:fai", "audit search x --cs", "audit demo --se", "audit tasks --o", "audit show x"];
        var script = $"audit() {{ dotnet exec '{AuditProgram.Location}' \"$@\"; }}\n"
            + "source <(audit completion bash)\ncomplete -p audit > /dev/null || exit 3\n" + string.Concat(lines.Select(line =>
            $"COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMPREPLY=(); _audit; echo \"${{COMPREPLY[*]}}\"\n"));

        var said = await BashAsync(script);

        Assert.Equal(
            ["search", "list", "--time", "json ndjson table", "ago local utc", "failed", "out-of-scope outside-window", "source:", "zsh", "open", "failed", "--csv", "--seed", "--of --output", ""],
            said.TrimEnd('\n').Split('\n').Concat([""]).Take(lines.Length));
    }

    [Theory]
    [InlineData("bash", "complete -o bashdefault -o default -F _audit audit")]
    [InlineData("zsh", "compdef _audit audit")]
    [InlineData("fish", "complete -c audit")]
    [InlineData("powershell", "Register-ArgumentCompleter -Native -CommandName audit")]
    public async Task every_shell_has_its_script(string shell, string line) =>
        Assert.Contains(line, (await InProcess.RunAsync("completion", shell)).Require(ExitCode.Fine).Out, StringComparison.Ordinal);

    [Fact]
    public async Task a_shell_that_is_none_is_refused_with_those_that_are() =>
        Assert.Contains("accepted is one of bash, zsh, fish, powershell", (await InProcess.RunAsync("completion", "csh")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);

    [Fact]
    public async Task the_manual_page_has_every_verb_and_is_one()
    {
        var page = (await InProcess.RunAsync("man")).Require(ExitCode.Fine).Out;

        Assert.StartsWith(".TH AUDIT 1\n.SH NAME\n", page, StringComparison.Ordinal);
        foreach (var verb in new[] { "serve", "search [QUERY...]", "show SESSION CALL", "watch SESSION", "token create NAME" })
        {
            Assert.Contains($".SS {verb.Split(' ')[0]}", page, StringComparison.Ordinal);
        }

        Assert.All(page.Split('\n'), line => Assert.Matches(@"^(\.(TH|SH|SS|TP|B|I) .*|\.TP|[^.'].*|\\&.*|)$", line));
        if (File.Exists("/usr/bin/groff"))
        {
            await File.WriteAllTextAsync(directory.File("audit.1"), page);
            Assert.Equal("", await BashAsync($"groff -man -ww -z -Tutf8 '{directory.File("audit.1")}' 2>&1"));
        }
    }

    public void Dispose() => directory.Dispose();

    private async Task<string> BashAsync(string script)
    {
        var start = new ProcessStartInfo("bash", ["--norc", "-c", script]) { RedirectStandardOutput = true, WorkingDirectory = directory.Path };
        using var bash = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var said = await bash.StandardOutput.ReadToEndAsync(patience.Token);
        await bash.WaitForExitAsync(patience.Token);
        Assert.Equal(0, bash.ExitCode);
        return said;
    }
}
