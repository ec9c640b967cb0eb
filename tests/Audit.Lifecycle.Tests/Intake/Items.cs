using System.Text;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Intake;

/// <summary>Reads items as the intake does.</summary>
internal static class Items
{
    public static readonly ItemDefaults Enveloped = new("ci", "ci-7", Say.At(7200));

    public static readonly ItemDefaults Bare = Enveloped with { SessionId = "s-1" };

    public static ItemRead Read(string item, ItemDefaults? defaults = null) => Read(Encoding.UTF8.GetBytes(item), defaults);

    public static ItemRead Read(byte[] item, ItemDefaults? defaults = null) =>
        new ItemReader(Say.Hasher).Read(item, defaults ?? Enveloped);

    public static CallSubmission Call(string item, ItemDefaults? defaults = null)
    {
        var read = Read(item, defaults);
        Assert.Null(read.Error);
        return Assert.IsType<CallSubmission>(read.Submission);
    }

    public static string Error(string item, ItemDefaults? defaults = null)
    {
        var read = Read(item, defaults);
        Assert.Null(read.Submission);
        return read.Error!;
    }

    public static string Envelope(string record) => $$"""{"session_id":"s-1","record":{{record}}}""";

    /// <summary>A record with one member replaced, or left out where the value is null.</summary>
    public static string RecordWith(string member, string? value, string outcome = """{"kind":"started"}""")
    {
        var members = new Dictionary<string, string?>
        {
            ["tool_call_id"] = "\"call-1\"",
            ["tool_name"] = "\"shell\"",
            ["display_name"] = "\"Shell\"",
            ["tier"] = "\"Observe\"",
            ["requested_input"] = "{}",
            ["effective_input"] = "{}",
            ["turn"] = "1",
            ["provenance"] = """{"provider":"anthropic","model":"m"}""",
            ["outcome"] = outcome,
            ["recorded_at"] = "\"2026-11-20T14:03:00.5Z\"",
            [member] = value,
        };
        var given = members.Where(pair => pair.Value is not null).Select(pair => $"\"{pair.Key}\":{pair.Value}");
        return "{" + string.Join(',', given) + "}";
    }

    public static string RecordOf(string outcome) => RecordWith("outcome", outcome);
}
