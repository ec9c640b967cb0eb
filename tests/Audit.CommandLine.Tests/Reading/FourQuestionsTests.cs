using System.Text.Json;
using Audit.Node.CommandLine.Demo;

namespace Audit.CommandLine.Tests.Reading;

/// <summary>What an investigator asks first, each by one command, on books whose names no example has.</summary>
public sealed class FourQuestionsTests
{
    [Theory]
    [InlineData(48_611)]
    [InlineData(90_127)]
    public async Task each_of_the_four_questions_is_answered_by_one_command(int seed)
    {
        var cast = DemoCast.Of(seed);
        using var directory = new TemporaryDirectory();
        var (data, clock) = (directory.File("demo"), new DemoClock());
        var options = new NodeOptions { Store = $"sqlite:{data}/journal.db", Data = data, Urls = "http://127.0.0.1:0" };
        await using var node = await NodeHost.StartAsync(options, new NodeSeams { Clock = clock }, CancellationToken.None);
        await DemoPlayer.PlayAsync(node, clock, cast, CancellationToken.None);
        using var admin = new HttpClient { BaseAddress = new Uri(node.Urls[0]) };
        admin.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(node.TokenFile)).Trim());
        await BookReading.UntilReadAsync(admin);

        // Who changed this row last Tuesday?
        var changed = Assert.Single(await SearchAsync(data, $"writes:table:{cast.People} {cast.Row} during:last-tuesday"));
        Assert.Equal((CallOf(cast.TuesdaySession, 2), cast.Triager, cast.SupportTask, cast.Approver), (
            Text(changed, "tool_call_id"), Text(changed, "agent"), Text(changed, "task_id"), Text(changed, "claimed_by")));

        // Did any agent read the table during the window of the incident?
        var read = await SearchAsync(data, $"reads:table:{cast.People} during:{cast.IncidentWindow}");
        Assert.Equal(
            new[] { CallOf(cast.IncidentSession, 2), CallOf(cast.IncidentSession, 3), CallOf(cast.BystanderSession, 6) }.Order(),
            read.Select(hit => Text(hit, "tool_call_id")).Order());

        // Which task authorised this schema change, who approved it, and what was done outside?
        var task = JsonDocument.Parse(await RunAsync(data, "tasks", "--of", $"writes:table:{cast.Table} \"ADD COLUMN\"", "-o", "json")).RootElement;
        Assert.Equal(cast.Task, Text(task, "task_id"));
        var window = task.GetProperty("windows").EnumerateArray().Single(one => Text(one, "alias") == cast.Window);
        Assert.Equal(cast.Approver, Text(window, "approved_by"));
        Assert.Contains(CallOf(cast.Session, 3), CallsOf(task, "in_window"));
        Assert.Equal(
            new[] { CallOf(cast.Session, 9), CallOf(cast.NextSession, 1), CallOf(cast.NextSession, 2) }.Order(), CallsOf(task, "outside_window").Order());
        Assert.Contains($"task {cast.Task}", await RunAsync(data, "tasks", "--of", $"writes:table:{cast.Table} \"ADD COLUMN\""), StringComparison.Ordinal);

        // What runs and what waits now?
        var open = await SearchAsync(data, "is:open");
        Assert.Equal(
            new[] { $"{CallOf(cast.NextSession, 2)} awaiting_confirmation", $"{CallOf(cast.BystanderSession, 10)} running" }.Order(),
            open.Select(hit => $"{Text(hit, "tool_call_id")} {Text(hit, "state")}").Order());
    }

    [Theory]
    [InlineData("t", "--of", "x", "Either TASK or --of")]
    [InlineData("--of", "stat:x", null, "There is no key \"stat\"")]
    public async Task what_names_no_task_is_a_sentence(string one, string other, string? third, string said) => Assert.Contains(
        said, (await InProcess.RunAsync(["tasks", .. new[] { one, other, third }.OfType<string>()])).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);

    [Fact]
    public void each_seed_has_names_of_its_own_and_the_same_ones_each_time()
    {
        var (one, other) = (DemoCast.Of(48_611), DemoCast.Of(90_127));
        Assert.Equal(one, DemoCast.Of(48_611));
        Assert.Empty(NamesOf(one).Intersect(NamesOf(DemoCast.Of(0))));
        Assert.NotEqual((one.People, one.Approver, one.Task), (other.People, other.Approver, other.Task));
        Assert.Equal(6, new[] { one.Session, one.NextSession, one.IncidentSession, one.TuesdaySession, one.WritingSession, one.BystanderSession }.Select(name => name[..4]).Distinct().Count());

        static string[] NamesOf(DemoCast cast) => [cast.Host, cast.OtherHost, cast.Approver, cast.Editor, cast.Migrator, cast.Triager, cast.Database, cast.Table, cast.People, cast.Logins, cast.Task, cast.IncidentTask, cast.Window, cast.IncidentWindow];
    }

    /// <summary>As the story numbers them.</summary>
    private static string CallOf(string session, int number) => $"call_{session[..4]}_{number:000}";

    private static async Task<IReadOnlyList<JsonElement>> SearchAsync(string data, string query) =>
        [.. (await RunAsync(data, "search", query, "-o", "ndjson")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private static async Task<string> RunAsync(string data, params string[] args) =>
        (await InProcess.RunAsync([.. args, "--data", data])).Require(ExitCode.Fine).Out;

    private static IEnumerable<string?> CallsOf(JsonElement task, string kind) =>
        task.GetProperty("calls").GetProperty(kind).GetProperty("items").EnumerateArray().Select(call => Text(call, "tool_call_id"));

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
