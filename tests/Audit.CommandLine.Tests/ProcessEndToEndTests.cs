using System.Net;
using System.Net.Sockets;

namespace Audit.CommandLine.Tests;

public sealed class ProcessEndToEndTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task without_a_node_an_ingest_says_so()
    {
        var result = await IngestAsync(Records.Items("s-1", 1), "--data", directory.Path);
        Assert.Contains("No node runs", result.Require(ExitCode.CannotReachNode).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_named_node_that_is_not_there_cannot_be_reached()
    {
        await File.WriteAllTextAsync(directory.File("some.token"), "aat_" + new string('A', 43));
        string[] server = ["--server", $"http://127.0.0.1:{FreePort()}", "--token-file", directory.File("some.token")];
        var ingest = (await IngestAsync(Records.Items("s-1", 1), server)).Require(ExitCode.CannotReachNode);
        Assert.Contains("cannot be reached", ingest.Error, StringComparison.Ordinal);
        (await RunAsync(["token", "list", .. server])).Require(ExitCode.CannotReachNode);
    }

    [UnixFact]
    public async Task what_a_killed_node_had_acknowledged_is_there_after_its_restart()
    {
        var items = Records.Items("s-1", 200).ToArray();
        string[] args = ["-o", "ndjson", "--data", directory.Path];
        await using var killed = await AuditProgram.ServeAsync(directory.Path);
        var first = Records.Receipts((await IngestAsync(items, args)).Require(ExitCode.Fine));
        await killed.KillAsync();

        Assert.Equal(ExitCode.CannotReachNode, (await IngestAsync(items, args)).ExitCode);
        await using var restarted = await AuditProgram.ServeAsync(directory.Path);
        var second = Records.Receipts((await IngestAsync(items, args)).Require(ExitCode.Fine));
        Assert.All(second, receipt => Assert.Equal("duplicate", receipt.Status));
        Assert.Equal(first.Select(receipt => receipt.Position), second.Select(receipt => receipt.Position));
    }

    [UnixFact]
    public async Task an_ingest_goes_on_when_its_node_comes_back()
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        await using var killed = await AuditProgram.ServeAtAsync(url, directory.Path);
        using var ingest = AuditProgram.Start(
            directory.Path, ["ingest", "-", "-o", "ndjson", "--data", directory.Path]);
        try
        {
            var items = Records.Items("s-1", 50).ToArray();
            await ingest.StandardInput.WriteAsync(Records.Lines(items[..40]));
            await ingest.StandardInput.FlushAsync();
            var receipts = new List<(long Index, string Status, long Position)>();
            while (receipts.Count < 40)
            {
                receipts.Add(Records.Receipt((await ingest.StandardOutput.ReadLineAsync())!));
            }

            await killed.KillAsync();
            await ingest.StandardInput.WriteAsync(Records.Lines(items[40..]));
            ingest.StandardInput.Close();
            await using var restarted = await AuditProgram.ServeAtAsync(url, directory.Path);
            while (await ingest.StandardOutput.ReadLineAsync() is { } line)
            {
                receipts.Add(Records.Receipt(line));
            }

            await ingest.WaitForExitAsync();

            Assert.Equal(ExitCode.Fine, ingest.ExitCode);
            Assert.Equal(Enumerable.Range(0, 100).Select(index => (long)index), receipts.Select(receipt => receipt.Index));
            Assert.All(receipts, receipt => Assert.Equal("recorded", receipt.Status));
        }
        finally
        {
            ingest.Kill();
        }
    }

    [UnixFact]
    public async Task a_node_that_is_asked_to_stop_ends_in_good_order_and_has_said_that_it_enforces_nothing()
    {
        await using var node = await AuditProgram.ServeAsync(directory.Path);
        (await IngestAsync(Records.Items("s-1", 10), "--data", directory.Path)).Require(ExitCode.Fine);
        Assert.Equal(ExitCode.Fine, await node.TerminateAsync());
        Assert.False(File.Exists(directory.File("node.json")));
        Assert.Contains("Decisions are in the mode none. Nothing but stops is enforced", node.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_second_node_on_the_same_file_ends_with_a_sentence()
    {
        await using var node = await AuditProgram.ServeAsync(directory.Path);
        var other = directory.File("other");
        var second = await RunAsync(
            "serve", "--store", "sqlite:" + directory.File("journal.db"), "--data", other, "--urls", "http://127.0.0.1:0");
        var sentence = Assert.Single(second.Require(ExitCode.WrongUse).ErrorLines);
        Assert.Contains("only one node at a time", sentence, StringComparison.Ordinal);
        (await IngestAsync(Records.Items("s-1", 1), "--data", directory.Path)).Require(ExitCode.Fine);
    }

    [Fact]
    public async Task a_port_that_is_taken_ends_the_start_with_a_sentence()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";
        var result = await RunAsync("serve", "--data", directory.Path, "--urls", url);
        Assert.Contains(url, Assert.Single(result.Require(ExitCode.WrongUse).ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_version_is_printed_alone() =>
        Assert.Single((await RunAsync("version")).Require(ExitCode.Fine).OutLines);

    [Fact]
    public async Task only_verbs_that_exist_are_shown()
    {
        var help = (await RunAsync("--help")).Require(ExitCode.Fine).Out;
        var verbs = help[help.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n')
            .Skip(1).Select(line => line.Trim().Split(' ')[0]).Where(verb => verb.Length > 0);
        Assert.Equal(["serve", "demo", "ingest", "sessions", "show", "tasks", "windows", "waiting", "approve", "refuse", "approvals", "stop", "diff", "violations", "review", "case", "search", "view", "tail", "watch", "replay", "rebuild", "projections", "verify", "export", "policy", "mcp", "mcp-server", "hook", "log", "witness", "key", "backup", "restore", "doctor", "migrate", "archive", "alerts", "keep", "erase", "hold", "token", "source", "completion", "man", "help", "version"], verbs);
    }

    public void Dispose() => directory.Dispose();

    private Task<CommandResult> IngestAsync(IEnumerable<string> items, params string[] args) =>
        AuditProgram.RunAsync(directory.Path, ["ingest", "-", .. args], Records.Lines(items));

    private Task<CommandResult> RunAsync(params string[] args) => AuditProgram.RunAsync(directory.Path, args);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
