using Audit.Lifecycle.Tests.Intake;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Records;

/// <summary>What a record must have, and the sentence that says what it lacks.</summary>
public sealed class RecordReaderTests
{
    private const string Result = """{"success":true,"output":"ok","data":null,"duration_ms":7}""";

    [Theory]
    [InlineData("recorded_at", "\"yesterday\"", "record.recorded_at: not an RFC 3339 time: \"yesterday\"")]
    [InlineData("recorded_at", "\"0000-01-01T00:00:00Z\"", "record.recorded_at: not an RFC 3339 time: \"0000-01-01T00:00:00Z\"")]
    [InlineData("recorded_at", "1763647380", "record.recorded_at: a string is expected, not 1763647380")]
    [InlineData("recorded_at", "null", "record.recorded_at: a string is expected, not null")]
    [InlineData("recorded_at", null, "record.recorded_at: missing")]
    [InlineData("tool_call_id", null, "record.tool_call_id: missing")]
    [InlineData("tool_call_id", "\"\"", "record.tool_call_id: an id must not be empty")]
    [InlineData("tool_call_id", "7", "record.tool_call_id: a string is expected, not 7")]
    [InlineData("tool_call_id", "\"a\\u0000b\"", "record.tool_call_id: an id must not hold control characters")]
    [InlineData("tool_call_id", "\"a\\u0085b\"", "record.tool_call_id: an id must not hold control characters")]
    [InlineData("tool_name", null, "record.tool_name: missing")]
    [InlineData("tool_name", "{}", "record.tool_name: a string is expected, not an object")]
    [InlineData("display_name", "[]", "record.display_name: a string is expected, not an array")]
    [InlineData("tier", "false", "record.tier: a string is expected, not false")]
    [InlineData("turn", "-1", "record.turn: a whole number that is not negative is expected, not -1")]
    [InlineData("turn", "1.5", "record.turn: a whole number that is not negative is expected, not 1.5")]
    [InlineData("turn", "\"1\"", "record.turn: a whole number that is not negative is expected, not \"1\"")]
    [InlineData("turn", "99999999999999999999", "record.turn: a whole number that is not negative is expected, not 99999999999999999999")]
    [InlineData("provenance", "\"anthropic\"", "record.provenance: an object with provider and model is expected, not \"anthropic\"")]
    [InlineData("provenance", "{\"provider\":5}", "record.provenance.provider: a string is expected, not 5")]
    [InlineData("outcome", null, "record.outcome: missing")]
    [InlineData("outcome", "\"completed\"", "record.outcome: an object with a kind is expected, not \"completed\"")]
    [InlineData("outcome", "{}", "record.outcome.kind: missing")]
    [InlineData("outcome", "{\"kind\":5}", "record.outcome.kind: a string is expected, not 5")]
    public void what_is_wrong_with_a_record_is_said_with_its_place(string member, string? value, string error) =>
        Assert.Equal(error, Items.Error(Items.Envelope(Items.RecordWith(member, value))));

    [Theory]
    [InlineData("""{"kind":"requires_confirmation"}""", "record.outcome.description: missing")]
    [InlineData("""{"kind":"requires_confirmation","description":5}""", "record.outcome.description: a string is expected, not 5")]
    [InlineData("""{"kind":"requires_confirmation","description":"d","listen_context":"x"}""",
        "record.outcome.listen_context: an object or null is expected, not \"x\"")]
    [InlineData("""{"kind":"blocked"}""", "record.outcome.reason: missing")]
    [InlineData("""{"reason":null,"kind":"blocked"}""", "record.outcome.reason: a string is expected, not null")]
    [InlineData("""{"kind":"blocked","reason":"r","decision":5}""", "record.outcome.decision: a string is expected, not 5")]
    [InlineData("""{"kind":"invalidated"}""", "record.outcome.reason: missing")]
    [InlineData("""{"kind":"cancelled"}""", "record.outcome.reason: missing")]
    [InlineData("""{"kind":"completed"}""", "record.outcome.result: missing")]
    [InlineData("""{"kind":"completed","result":null}""", "record.outcome.result: missing")]
    [InlineData("""{"result":"ok","kind":"completed"}""",
        "record.outcome.result: an object with success and output is expected, not \"ok\"")]
    [InlineData("""{"kind":"cached","result":{"output":"ok"}}""", "record.outcome.result.success: missing")]
    [InlineData("""{"kind":"replayed","result":{"success":true}}""", "record.outcome.result.output: missing")]
    [InlineData("""{"kind":"completed","result":{"success":"yes","output":"ok"}}""",
        "record.outcome.result.success: true or false is expected, not \"yes\"")]
    [InlineData("""{"kind":"completed","result":{"success":true,"output":"ok","duration_ms":"7"}}""",
        "record.outcome.result.duration_ms: a number of milliseconds or null is expected, not \"7\"")]
    [InlineData("""{"kind":"persistence_failed","result":null}""", "record.outcome.error: missing")]
    [InlineData("""{"kind":"approved"}""", "record.outcome.decision: missing")]
    [InlineData("""{"kind":"approved","decision":null}""", "record.outcome.decision: missing")]
    public void what_is_wrong_with_an_outcome_is_said_with_its_place(string outcome, string error) =>
        Assert.Equal(error, Items.Error(Items.Envelope(Items.RecordOf(outcome))));

    [Fact]
    public void an_unknown_kind_is_refused_with_those_that_are_known()
    {
        var error = Items.Error(Items.Envelope(Items.RecordOf("""{"kind":"exploded"}""")));

        Assert.StartsWith("record.outcome.kind: the kind \"exploded\" is not known; accepted are requested, ", error);
        Assert.EndsWith(string.Join(", ", Words.AllKinds), error);
    }

    [Fact]
    public void a_word_that_does_not_approve_approves_nothing()
    {
        var error = Items.Error(Items.Envelope(Items.RecordOf("""{"kind":"approved","decision":"reject"}""")));

        Assert.StartsWith("record.outcome.decision: \"reject\" does not approve; accepted are approve-once, ", error);
    }

    [Theory]
    [InlineData("approve-once")]
    [InlineData("approve-for-session")]
    [InlineData("approve-for-location")]
    [InlineData("approve-permanently")]
    [InlineData("approved")]
    [InlineData("approved-for-session")]
    [InlineData("approved-for-location")]
    [InlineData("auto")]
    public void each_word_that_approves_does(string decision) => Assert.Equal(
        MessageKind.Approved, Read(Items.RecordOf($$"""{"kind":"approved","decision":"{{decision}}"}""")).Kind);

    [Fact]
    public void a_bare_record_has_places_without_the_word_record()
    {
        Assert.Equal(
            "recorded_at: not an RFC 3339 time: \"yesterday\"",
            Items.Error(Items.RecordWith("recorded_at", "\"yesterday\""), Items.Bare));
        Assert.Equal("outcome: missing", Items.Error(Items.RecordWith("outcome", null), Items.Bare));
    }

    [Fact]
    public void a_long_value_is_quoted_in_part_and_never_half_a_character()
    {
        Assert.Equal(
            $"record.recorded_at: not an RFC 3339 time: \"{new string('x', 60)}…\"",
            Items.Error(Items.Envelope(Items.RecordWith("recorded_at", $"\"{new string('x', 200)}\""))));
        Assert.Equal(
            $"record.recorded_at: not an RFC 3339 time: \"{new string('x', 59)}…\"",
            Items.Error(Items.Envelope(Items.RecordWith("recorded_at", $"\"{new string('x', 59)}😀😀\""))));
    }

    [Theory]
    [InlineData("""{"kind":"requested"}""", MessageKind.Requested, false)]
    [InlineData("""{"kind":"started","result":"not read"}""", MessageKind.Started, false)]
    [InlineData("""{"kind":"requires_confirmation","description":"","listen_context":null,"permission":{"kind":"shell"}}""",
        MessageKind.RequiresConfirmation, false)]
    [InlineData("""{"kind":"requires_confirmation","description":"d","listen_context":{"operation_id":"o","revision":2,"snapshot":[]}}""",
        MessageKind.RequiresConfirmation, false)]
    [InlineData("""{"kind":"blocked","reason":"r","decision":null,"by":null}""", MessageKind.Blocked, false)]
    [InlineData("""{"kind":"blocked","reason":"r","decision":"denied-by-rules","by":"ada","source":"host_policy"}""",
        MessageKind.Blocked, false)]
    [InlineData("""{"kind":"cached","result":{"success":true,"output":"ok"}}""", MessageKind.Cached, true)]
    [InlineData("""{"result":{"output":"ok","success":false},"kind":"replayed"}""", MessageKind.Replayed, false)]
    [InlineData("""{"kind":"invalidated","reason":"r"}""", MessageKind.Invalidated, false)]
    [InlineData("""{"kind":"cancelled","reason":"r","by":"ada"}""", MessageKind.Cancelled, false)]
    [InlineData("""{"kind":"completed","result":{"success":true,"output":"","documents":[]},"error":null,"reason":5,"decision":{}}""",
        MessageKind.Completed, true)]
    [InlineData("""{"error":{"code":5},"description":[],"kind":"completed","result":{"success":true,"output":""}}""",
        MessageKind.Completed, true)]
    [InlineData("""{"kind":"persistence_failed","result":null,"error":"disk"}""", MessageKind.PersistenceFailed, false)]
    [InlineData("""{"kind":"persistence_failed","error":"disk"}""", MessageKind.PersistenceFailed, false)]
    public void each_kind_is_read_and_what_belongs_to_another_is_ignored(string outcome, MessageKind kind, bool success)
    {
        var facts = Read(Items.RecordOf(outcome));

        Assert.Equal((kind, success), (facts.Kind, facts.Success));
    }

    [Fact]
    public void a_record_is_read_for_what_the_law_asks()
    {
        var facts = Read(
            """
            {"tool_call_id":"call-1","tool_name":"shell","tier":"Confirm","effective_input":{"a":1},"turn":3,
             "provenance":{"model":"m","provider":"openai","more":{}},"outcome":{"kind":"started"},
             "recorded_at":"2026-11-20T14:03:00.123456789+01:00","unknown":[1,{"tool_name":"other"}]}
            """);

        Assert.Equal(("call-1", "shell", "openai", true, 3L),
            (facts.ToolCallId, facts.ToolName, facts.Provider, facts.NeedsConfirmation, facts.Turn));
        Assert.Equal("2026-11-20T13:03:00.123456789Z", facts.RecordedAt.ToString());
        Assert.False(facts.Input.IsEmpty);
        Assert.True(facts.Result.IsEmpty);
    }

    [Fact]
    public void what_is_not_needed_may_be_missing()
    {
        var facts = Read(
            """{"tool_call_id":"c","tool_name":"","outcome":{"kind":"started"},"recorded_at":"2026-11-20T14:03:00Z"}""");

        Assert.Null(facts.ToolName);
        Assert.Null(facts.Provider);
        Assert.False(facts.NeedsConfirmation);
        Assert.True(facts.Input.IsEmpty);
        Assert.Equal(0, facts.Turn);
    }

    [Fact]
    public void escaped_names_are_the_names_that_they_say()
    {
        var facts = Read(
            """
            {"tool_call_\u0069d":"\u0063-1","tool_name":"shell","\u006futcome":{"k\u0069nd":"completed","resul\u0074":
             {"\u0073uccess":true,"output":""}},"recorded_at":"2026-11-20T14:03:00\u005a"}
            """);

        Assert.Equal(("c-1", MessageKind.Completed, true), (facts.ToolCallId, facts.Kind, facts.Success));
    }

    [Fact]
    public void whitespace_between_tokens_does_not_make_another_record()
    {
        var compact = Items.RecordWith("effective_input", """{"command":"ls -l","list":[1,2]}""", $$"""{"kind":"completed","result":{{Result}}}""");
        var spaced = compact.Replace(":", " : ").Replace(",", "\r\n\t, ").Replace("2026-11-20T14 : 03 : 00", "2026-11-20T14:03:00");

        var (one, other) = (ReadWhole(compact), ReadWhole(spaced));

        Assert.Equal(one with { Place = default }, other with { Place = default });
    }

    [Fact]
    public void whitespace_within_strings_makes_another_record()
    {
        var one = ReadWhole(Items.RecordWith("effective_input", """{"command":"ls -l"}"""));
        var other = ReadWhole(Items.RecordWith("effective_input", """{"command":"ls  -l"}"""));

        Assert.NotEqual(one.Dedup, other.Dedup);
        Assert.NotEqual(one.Facts.Input, other.Facts.Input);
    }

    [Fact]
    public void the_same_record_within_any_frame_is_the_same()
    {
        var record = Items.RecordWith("turn", "1");

        var bare = Items.Call(record, Items.Bare).Message.Dedup;
        var enveloped = Items.Call($$"""  { "record" : {{record}} , "session_id" : "s-1" } """).Message.Dedup;

        Assert.Equal(bare, enveloped);
        Assert.Equal(bare, ReadWhole(record).Dedup);
    }

    [Fact]
    public void more_unknown_members_than_anybody_has_do_not_hide_a_record()
    {
        var unknown = string.Join(',', Enumerable.Range(0, 2000).Select(index => $"\"unknown-{index}\":{index}"));

        var call = Items.Call("{" + unknown + "," + Items.RecordWith("turn", "1")[1..], Items.Bare);

        Assert.Equal("call-1", call.ToolCallId);
    }

    private static RecordFacts Read(string record) => ReadWhole(record).Facts;

    private static RecordRead ReadWhole(string record)
    {
        var json = new StrictJsonReader(System.Text.Encoding.UTF8.GetBytes(record));
        json.Read();
        var read = RecordReader.Read(ref json, Say.Hasher);
        Assert.Equal(record.Trim().Length, read.Place.End.Value - read.Place.Start.Value);
        return read;
    }
}
