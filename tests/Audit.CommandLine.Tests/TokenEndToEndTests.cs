using System.Collections;
using System.Text.Json;

namespace Audit.CommandLine.Tests;

public sealed class TokenEndToEndTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task a_token_is_made_listed_used_and_revoked_at_a_running_node()
    {
        await using var node = await InProcess.ServeAsync(directory.Path);
        var made = await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "ci", "--role", "read", "--agent", "copilot");
        var token = Assert.Single(made.Require(ExitCode.Fine).OutLines);
        Assert.DoesNotContain(token, made.Error, StringComparison.Ordinal);

        var listed = await ListedAsync();
        Assert.Equal(["admin", "ci-7"], listed.Select(row => row.GetProperty("name").GetString()!).Order());
        var row = listed.Single(row => row.GetProperty("name").GetString() == "ci-7");
        Assert.Equal(["ingest", "read"], row.GetProperty("roles").EnumerateArray().Select(role => role.GetString()!));
        Assert.Equal("copilot", Assert.Single(row.GetProperty("agents").EnumerateArray()).GetString());
        Assert.Equal(("ci", "ci-7"), (row.GetProperty("source").GetString(), row.GetProperty("person").GetString()));

        (await IngestAsync(node.Urls[0], token)).Require(ExitCode.Fine);
        (await TokenAsync("revoke", "ci-7")).Require(ExitCode.Fine);
        Assert.Contains("401", (await IngestAsync(node.Urls[0], token)).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("ci-7", (await TokenAsync("revoke", "ci-7")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_name_is_given_once_for_ever()
    {
        await using var node = await InProcess.ServeAsync(directory.Path);
        (await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "ci")).Require(ExitCode.Fine);
        (await TokenAsync("revoke", "ci-7")).Require(ExitCode.Fine);
        var again = (await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "ci")).Require(ExitCode.Failed);
        Assert.Contains("ci-7", again.Error, StringComparison.Ordinal);
        Assert.Empty(again.Out);
    }

    [Fact]
    public async Task a_token_made_while_no_node_runs_is_known_to_the_node_that_starts_then()
    {
        var token = Assert.Single((await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "ci")).Require(ExitCode.Fine).OutLines);
        Assert.Equal(2, (await ListedAsync()).Count);
        await using var node = await InProcess.ServeAsync(directory.Path);
        (await IngestAsync(node.Urls[0], token)).Require(ExitCode.Fine);
        // The store's administrator was made with it, or nobody could ever enter.
        Assert.Equal(2, (await ListedAsync()).Count);
    }

    [Fact]
    public async Task a_revocation_while_no_node_runs_holds_when_one_starts()
    {
        var token = Assert.Single((await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "ci")).Require(ExitCode.Fine).OutLines);
        (await TokenAsync("revoke", "ci-7")).Require(ExitCode.Fine);
        await using var node = await InProcess.ServeAsync(directory.Path);
        (await IngestAsync(node.Urls[0], token)).Require(ExitCode.Failed);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("team/ci 7?#%2F")]
    public async Task a_name_that_no_path_can_carry_is_revoked_as_any_other(string name)
    {
        await using var node = await InProcess.ServeAsync(directory.Path);
        (await TokenAsync("create", name, "--role", "read")).Require(ExitCode.Fine);
        (await TokenAsync("revoke", name)).Require(ExitCode.Fine);
        Assert.Equal(JsonValueKind.String, (await ListedAsync())
            .Single(row => row.GetProperty("name").GetString() == name).GetProperty("revoked_at").ValueKind);
    }

    [Fact]
    public async Task a_store_in_use_is_not_opened_beside_its_node()
    {
        // A file is locked between processes only.
        await using var node = await AuditProgram.ServeAsync(directory.Path);
        var store = "sqlite:" + directory.File("journal.db");
        var result = await RunAsync("token", "list", "--store", store, "--data", directory.Path);
        Assert.Contains("in use", result.Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task one_command_makes_the_tokens_of_a_host_a_reader_and_an_approver()
    {
        await using var node = await InProcess.ServeAsync(directory.Path);
        var made = (await TokenAsync("first", "--source", "ci")).Require(ExitCode.Fine);
        Assert.Equal(["host\tingest", "reader\tread", "approver\tread,approve"], made.OutLines.Select(line => line[..line.LastIndexOf('\t')]));
        Assert.DoesNotContain("aat_", made.Out + made.Error, StringComparison.Ordinal);
        (await IngestAsync(node.Urls[0], File.ReadAllText(directory.File("host.token")).Trim())).Require(ExitCode.Fine);
        (await IngestAsync(node.Urls[0], File.ReadAllText(directory.File("reader.token")).Trim())).Require(ExitCode.Failed);
        var rows = (await ListedAsync()).ToDictionary(row => row.GetProperty("name").GetString()!);
        Assert.Equal(("none", "ci"), (rows["host"].GetProperty("person").GetString(), rows["host"].GetProperty("source").GetString()));
        Assert.Equal("approver", rows["approver"].GetProperty("person").GetString());
        (await TokenAsync("first")).Require(ExitCode.Failed);

        var sources = (await RunAsync("source", "list", "-o", "json", "--data", directory.Path)).Require(ExitCode.Fine).Out;
        Assert.Equal(["admin", "ci"], JsonDocument.Parse(sources).RootElement.EnumerateArray().Select(one => one.GetProperty("name").GetString()!));

        // Two of one host, at the node and at the store alike.
        (await TokenAsync("create", "hooks", "--role", "ingest", "--source", "hooks")).Require(ExitCode.Fine);
        Assert.Contains("are linked", (await LinkAsync("ci", "hooks")).Require(ExitCode.Fine).Error, StringComparison.Ordinal);
        Assert.Contains("no source \"nobody\"", (await LinkAsync("ci", "nobody")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        await node.DisposeAsync();
        Assert.Contains("were linked before", (await LinkAsync("hooks", "ci")).Require(ExitCode.Fine).Error, StringComparison.Ordinal);
        (await LinkAsync("ci", "ci")).Require(ExitCode.Failed);
    }

    private Task<CommandResult> LinkAsync(string one, string other) =>
        RunAsync("source", "link", one, other, "--data", directory.Path);

    [Fact]
    public async Task a_token_to_report_with_needs_a_source_and_the_error_explains_it()
    {
        var refused = (await TokenAsync("create", "ci-7", "--role", "ingest")).Require(ExitCode.WrongUse);
        Assert.Contains("--source: a token of role ingest reports as a source", refused.Error, StringComparison.Ordinal);
        (await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "a", "--source", "b")).Require(ExitCode.WrongUse);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task listing_makes_no_store()
    {
        (await TokenAsync("list")).Require(ExitCode.Failed);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task a_named_server_is_never_given_the_token_of_this_machine()
    {
        await using var node = await InProcess.ServeAsync(directory.Path);
        var result = await TokenAsync("list", "--server", node.Urls[0]);
        Assert.Contains("--token-file", result.Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
        (await TokenAsync("list", "--server", node.Urls[0], "--token-file", directory.File("admin.token")))
            .Require(ExitCode.Fine);
    }

    [Fact]
    public async Task a_list_for_scripts_has_a_line_a_token()
    {
        (await TokenAsync("create", "ci-7", "--role", "ingest", "--source", "ci")).Require(ExitCode.Fine);
        var lines = (await TokenAsync("list")).Require(ExitCode.Fine).OutLines;
        Assert.Equal("name\tperson\troles\tsource\tagents\ttasks\tsees\tcreated\tby\texpires\tused\trevoked\tproven", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("ci-7\tci-7\tingest\tci\t", StringComparison.Ordinal));
    }

    public void Dispose() => directory.Dispose();

    private async Task<IReadOnlyList<JsonElement>> ListedAsync() =>
        [.. JsonDocument.Parse((await TokenAsync("list", "-o", "json")).Require(ExitCode.Fine).Out).RootElement.EnumerateArray()];

    private Task<CommandResult> IngestAsync(string server, string token)
    {
        File.WriteAllText(directory.File("used.token"), token);
        return InProcess.RunAsync(
            directory.Path,
            ["ingest", "-", "--session", "s-1", "--server", server, "--token-file", directory.File("used.token")],
            Records.Requested("call-1"));
    }

    private Task<CommandResult> TokenAsync(string verb, params string[] args) =>
        RunAsync(["token", verb, .. args, "--data", directory.Path]);

    private Task<CommandResult> RunAsync(params string[] args) => InProcess.RunAsync(new Hashtable(), directory.Path, args);
}
