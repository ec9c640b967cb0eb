namespace Audit.Client.Tests;

/// <summary>The samples do what they show, against a started node.</summary>
public sealed class SampleTests : IAsyncLifetime
{
    private const string Session = "sample";

    private HostedNode node = null!;

    public async Task InitializeAsync() => node = await HostedNode.StartAsync(PolicyOf("DeleteRecord"));

    public async Task DisposeAsync() => await node.DisposeAsync();

    public static TheoryData<string> Hosts => ["C#", "curl"];

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task what_a_person_approves_is_deleted_and_the_list_says_what_happened(string host)
    {
        var running = DeleteAsync(host);
        await node.AnswerAsync(Session, "call-42", "approve-once");
        var said = await running;

        Assert.Contains("Record 42 permanently deleted.", said);
        Assert.Contains("deleted_records: [42]", said);
        Assert.Equal(
            ["SEND", "TURN_START", "TOOL_START delete_record", "PERMISSION_APPROVED tool=delete_record", "TOOL_COMPLETE error=None", "TURN_END", "SESSION_IDLE"],
            ListOf(said));
        Assert.Equal(
            ["requested", "requires_confirmation", "approved", "started", "completed"], await node.KindsAsync(Session, "call-42"));
        Assert.Equal(
            ["send", "turn_start", "tool_start", "permission_approved", "tool_complete", "turn_end", "session_idle"],
            (await NotesAsync()));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task with_deny_tools_nothing_is_deleted_and_the_list_says_that(string host)
    {
        var said = await DeleteAsync(host, "--deny-tools");

        Assert.Contains("The action was blocked by policy", said);
        Assert.Contains("deleted_records: []", said);
        Assert.Equal(
            ["SEND", "TURN_START", "TOOL_START delete_record", "PERMISSION_DENIED tool=delete_record", "TOOL_COMPLETE error=Tool execution denied by audit policy", "TURN_END", "SESSION_IDLE"],
            ListOf(said));
        Assert.Equal(["requested", "blocked"], await node.KindsAsync(Session, "call-42"));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task what_a_person_refuses_is_not_deleted(string host)
    {
        var running = DeleteAsync(host);
        await node.AnswerAsync(Session, "call-42", "reject", "not this customer");
        var said = await running;

        Assert.Contains("deleted_records: []", said);
        Assert.Contains("PERMISSION_DENIED tool=delete_record", ListOf(said));
        Assert.Equal(["requested", "requires_confirmation", "blocked"], await node.KindsAsync(Session, "call-42"));
    }

    [Fact]
    public async Task every_outcome_comes_of_what_a_host_does()
    {
        await using var other = await HostedNode.StartAsync(PolicyOf("Outcomes"));
        var running = RunAsync(other, "dotnet", "exec", Sample("Outcomes"));
        await other.AnswerAsync(Session, "confirmed", "approve-once");
        var said = await running;

        var kinds = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var call in new[] { "completed", "blocked", "confirmed", "expired", "external", "unkept" })
        {
            kinds[call] = await other.KindsAsync(Session, call);
        }

        string[] approved = ["requested", "requires_confirmation", "approved", "started", "completed"];
        Assert.Equal([.. approved, "cached"], kinds["completed"]);
        Assert.Equal(["requested", "requires_confirmation", "blocked"], kinds["blocked"]);
        Assert.Equal(approved, kinds["confirmed"]);
        Assert.Equal(["requested", "requires_confirmation", "invalidated"], kinds["expired"]);
        Assert.Equal([.. approved, "replayed"], kinds["external"]);
        Assert.Equal([.. approved, "persistence_failed"], kinds["unkept"]);
        Assert.Contains("blocked: There is no shell for agents.", said);
        Assert.Contains("unkept: read_file ran, and was not kept", said);
        Assert.All(await other.SessionAsync(Session), one => Assert.NotEqual("call.violated", one.GetProperty("event").GetString()));
    }

    [Theory]
    [InlineData("Audit.Client", "TenLines")]
    [InlineData("Audit.Client.AI", "AuditedFunction")]
    public async Task the_lines_of_a_readme_are_a_program_that_audits_a_host(string package, string sample)
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, $"src/{package}/README.md"));
        var program = await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, $"samples/{sample}/Program.cs"));
        Assert.Contains($"```csharp\n{program}```", readme);

        var running = RunAsync(node, "dotnet", "exec", Sample(sample), node.Url.ToString(), node.HostToken);
        await node.AnswerAsync("s-1", "call-1", "approve-once");
        Assert.Equal("Record 42 deleted.", (await running).Trim());
        Assert.Contains("completed", await node.KindsAsync("s-1", "call-1"));
    }

    private static string PolicyOf(string sample) =>
        File.ReadAllText(Path.Combine(BuiltProgram.Root, "samples", sample, "policy.json"));

    private static string Sample(string name) => BuiltProgram.Of($"samples/{name}", $"{name}.dll");

    private static IReadOnlyList<string> ListOf(string said) =>
        [.. JsonSerializer.Deserialize<JsonElement>(said[said.IndexOf("=== Audit Log ===\n", StringComparison.Ordinal)..]["=== Audit Log ===\n".Length..])
            .EnumerateArray()
            .Select(one => $"{one.GetProperty("event").GetString()} {one.GetProperty("detail").GetString()}".Trim())
            .Select(one => one.StartsWith("SEND ", StringComparison.Ordinal) ? "SEND" : one)];

    private Task<string> DeleteAsync(string host, params string[] args) => host == "curl"
        ? RunAsync(node, ["sh", Path.Combine(BuiltProgram.Root, "samples/curl/delete-record.sh"), .. args])
        : RunAsync(node, ["dotnet", "exec", Sample("DeleteRecord"), .. args]);

    private static async Task<string> RunAsync(HostedNode asked, params string[] command)
    {
        await using var program = ClientProcess.Start(command, asked.FileOf("."), new Dictionary<string, string>
        {
            ["AUDIT_SERVER"] = asked.Url.ToString(), ["AUDIT_TOKEN"] = asked.HostToken, ["AUDIT_SESSION"] = Session,
        });
        var said = await program.ReadToEndAsync();
        Assert.True(await program.EndAsync() == 0, said + program.Troubles);
        return said;
    }

    private async Task<IReadOnlyList<string>> NotesAsync() =>
        [.. (await node.SessionAsync(Session)).Where(one => one.GetProperty("event").GetString() == "session.noted")
            .Select(one => one.GetProperty("type").GetString()!)];
}
