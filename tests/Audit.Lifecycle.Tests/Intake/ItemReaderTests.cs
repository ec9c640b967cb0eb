using System.Text;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Intake;

public sealed class ItemReaderTests
{
    private static readonly string Record = Items.RecordWith("turn", "1");

    [Fact]
    public void an_envelope_is_read_with_all_that_stands_around_the_record()
    {
        var call = Items.Call(
            $$"""
            {"session_id":"s-1","task_id":"t-1","agent":"copilot","message_id":"m-1","seq":7,"unknown":{"record":1},"record":{{Record}}}
            """);

        Assert.Equal(("s-1", "call-1", "copilot"), (call.Session.Id, call.ToolCallId, call.Agent));
        Assert.Equal(("t-1", "m-1", 7L, "ci-7"),
            (call.Message.TaskId, call.Message.MessageId, call.Message.Seq!.Value, call.Message.Token));
        Assert.Equal("call|ci|s-1|call-1", call.Stream.ToString());
        Assert.Equal(Record, Encoding.UTF8.GetString(call.Record.Span));
    }

    [Fact]
    public void a_record_is_kept_as_it_was_sent()
    {
        var record = "{ \"unknown\" : \"\\u0041\" ,\t" + Record[1..];

        Assert.Equal(record, Encoding.UTF8.GetString(Items.Call($" {Items.Envelope(record)}\r\n").Record.Span));
        Assert.Equal(record, Encoding.UTF8.GetString(Items.Call($" {record}\r\n", Items.Bare).Record.Span));
    }

    [Fact]
    public void headers_stand_in_for_what_an_item_leaves_out()
    {
        var headers = Items.Bare with { TaskId = "t-9", Agent = "agent-9" };

        var bare = Items.Call(Record, headers);
        var enveloped = Items.Call($$"""{"session_id":"s-2","task_id":"t-2","agent":null,"record":{{Record}}}""", headers);

        Assert.Equal(("s-1", "t-9", "agent-9"), (bare.Session.Id, bare.Message.TaskId, bare.Agent));
        Assert.Equal(("s-2", "t-2", "agent-9"), (enveloped.Session.Id, enveloped.Message.TaskId, enveloped.Agent));
    }

    [Theory]
    [InlineData("[]", "an item is a JSON object, not an array")]
    [InlineData("\"text\"", "an item is a JSON object, not \"text\"")]
    [InlineData("{}", "record: missing; an item holds a record or a note")]
    [InlineData("""{"session_id":"s","record":[]}""", "record: a tool audit record is a JSON object")]
    [InlineData("""{"session_id":"a|b","record":{}}""", "session_id: a session id must not hold \"|\"")]
    [InlineData("""{"session_id":"","record":{}}""", "session_id: an id must not be empty")]
    [InlineData("""{"session_id":"a\nb","record":{}}""", "session_id: an id must not hold control characters")]
    [InlineData("""{"session_id":"s","seq":-1}""", "seq: a whole number that is not negative is expected, not -1")]
    [InlineData("""{"session_id":"s","message_id":7}""", "message_id: a string is expected, not 7")]
    [InlineData("""{"session_id":"s","note":{"type":"idle"},"record":5}""", "record: a tool audit record is a JSON object")]
    [InlineData("""{"session_id":"s","note":"idle"}""", "note: an object with type, at and detail is expected, not \"idle\"")]
    [InlineData("""{"session_id":"s","note":{"at":"2026-11-20T14:03:00Z"}}""", "note.type: missing")]
    [InlineData("""{"session_id":"s","note":{"type":"idle","at":"soon"}}""", "note.at: not an RFC 3339 time: \"soon\"")]
    [InlineData("""{"session_id":"s","session_id":"s"}""", "session_id: the key \"session_id\" stands twice in one object")]
    public void what_is_wrong_with_an_item_is_said_with_its_place(string item, string error) =>
        Assert.Equal(error, Items.Error(item));

    [Fact]
    public void an_item_without_a_session_says_where_it_may_stand() => Assert.Equal(
        "session_id: missing; it stands in the item or in the header Audit-Session",
        Items.Error($$"""{"record":{{Record}}}"""));

    [Fact]
    public void an_item_holds_a_record_or_a_note_and_not_both() => Assert.Equal(
        "note: an item holds a record or a note, not both",
        Items.Error($$"""{"session_id":"s","note":{"type":"idle"},"record":{{Record}}}"""));

    [Fact]
    public void there_is_one_value_in_an_item() =>
        Assert.Contains("not JSON", Items.Error(Items.Envelope(Record) + Items.Envelope(Record)));

    [Theory]
    [InlineData(128, 96)]
    public void ids_are_as_long_as_they_may_be(int session, int call)
    {
        Items.Call(Item(session, call));
        Assert.Equal($"session_id: an id of {session + 1} bytes; at most {session} are accepted", Items.Error(Item(session + 1, call)));
        Assert.Equal(
            $"record.tool_call_id: an id of {call + 1} bytes; at most {call} are accepted", Items.Error(Item(session, call + 1)));
        Assert.Contains("an id of 130 bytes", Items.Error($$"""{"session_id":"{{new string('é', 65)}}"}"""));

        static string Item(int session, int call) =>
            $$"""{"session_id":"{{new string('s', session)}}","record":{{Items.RecordWith("tool_call_id", $"\"{new string('c', call)}\"")}}}""";
    }

    [Fact]
    public void invalid_utf8_in_an_item_is_told_by_its_byte()
    {
        byte[] item = [.. "{\"session_id\":\""u8, 0xFF, .. "\"}"u8];

        Assert.Equal("not UTF-8 at byte 15", Items.Read(item).Error);
    }

    [Fact]
    public void depth_counts_from_the_item()
    {
        var fine = Items.RecordWith("effective_input", Nested(62));

        Items.Call(Items.Envelope(fine));
        Assert.EndsWith("nested deeper than 64", Items.Error(Items.Envelope(Items.RecordWith("effective_input", Nested(63)))));
        Items.Call(Items.RecordWith("effective_input", Nested(63)), Items.Bare);
        Assert.StartsWith(
            "record.effective_input[0]", Items.Error(Items.Envelope(Items.RecordWith("effective_input", Nested(10_000)))));

        static string Nested(int depth) => new string('[', depth) + new string(']', depth);
    }

    [Fact]
    public void a_bound_token_speaks_of_its_own_agent_and_task_only()
    {
        var bound = Items.Enveloped with { Bounds = new CallBounds(["copilot"], ["t-1"]) };

        var silent = Items.Call(Items.Envelope(Record), bound);
        Assert.Equal(("copilot", "t-1"), (silent.Agent, silent.Message.TaskId));
        Items.Call($$"""{"session_id":"s","agent":"copilot","task_id":"t-1","record":{{Record}}}""", bound);
        Assert.Equal(
            "agent: outside this token's binding: the token is bound to \"copilot\" and may not speak of \"other\"",
            Items.Error($$"""{"session_id":"s","agent":"other","record":{{Record}}}""", bound));
        Assert.Equal(
            "task_id: outside this token's binding: the token is bound to \"t-1\" and may not speak of \"t-2\"",
            Items.Error($$"""{"session_id":"s","task_id":"t-2","record":{{Record}}}""", bound));
        Assert.Equal(
            "task_id: outside this token's binding: the token is bound to \"t-1\" and may not speak of \"t-3\"",
            Items.Error(Record, bound with { SessionId = "s", TaskId = "t-3" }));
        Assert.Equal(
            "agent: outside this token's binding: the token is bound to \"copilot\" and may not speak of \"other\"",
            Items.Error("""{"session_id":"s","agent":"other","note":{"type":"idle"}}""", bound));
    }

    [Fact]
    public void a_note_is_read_with_its_detail()
    {
        var read = Items.Read(
            """{"session_id":"s-1","seq":3,"note":{"type":"ended","at":"2026-11-20T14:03:00.5Z","detail":{"why": "done"}}}""");

        var note = Assert.IsType<NoteSubmission>(read.Submission);
        Assert.Equal(("s-1", "ended", 3L, false), (note.Session.Id, note.Note.Type, note.Note.Seq!.Value, note.Note.TimeInferred));
        Assert.Equal("notes|ci|s-1", note.Stream.ToString());
        Assert.Equal("""{"why": "done"}""", Encoding.UTF8.GetString(note.Detail.Span));
    }

    [Fact]
    public void a_note_without_a_time_has_that_of_its_receipt()
    {
        var note = Assert.IsType<NoteSubmission>(Items.Read("""{"session_id":"s-1","note":{"type":"idle"}}""").Submission);

        Assert.Equal((Items.Enveloped.ReceivedAt, true), (note.Note.At, note.Note.TimeInferred));
        Assert.True(note.Detail.IsEmpty);
    }

    [Fact]
    public void what_a_redaction_leaves_is_what_is_kept_and_the_record_is_known_by_what_was_sent()
    {
        var item = Encoding.UTF8.GetBytes(Items.Envelope(Items.RecordWith("effective_input", "{\"password\":\"hunter2\"}")));

        var plain = Assert.IsType<CallSubmission>(new ItemReader(Say.Hasher).Read(item, Items.Enveloped).Submission);
        var kept = Assert.IsType<CallSubmission>(Redacting.Read(item, Items.Enveloped).Submission);

        Assert.Contains("\"effective_input\":{\"password\":\"[redacted: password, 7 bytes", Encoding.UTF8.GetString(kept.Record.Span));
        Assert.Equal(["password"], kept.Redacted!.Rules);
        Assert.Equal(plain.Message.Dedup, kept.Message.Dedup);
    }

    [Fact]
    public void an_item_without_a_secret_is_kept_as_it_came()
    {
        var item = Encoding.UTF8.GetBytes(Items.Envelope(Items.RecordWith("effective_input", "{ \"a\" : 1.0 }")));

        var kept = Assert.IsType<CallSubmission>(Redacting.Read(item, Items.Enveloped).Submission);

        Assert.Null(kept.Redacted);
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(kept.Record, out var bytes));
        Assert.Same(item, bytes.Array);
    }

    [Fact]
    public void a_secret_is_redacted_before_its_string_is_cut()
    {
        var secret = new PlantedSecrets(1).Letters(40);
        var output = new string('x', 4090) + " https://a:" + secret + "@host " + new string('y', 300_000);
        var item = Items.Envelope(Items.RecordWith(
            "outcome", $$$"""{"kind":"completed","result":{"success":true,"output":"{{{output}}}","data":null,"duration_ms":1}}"""));

        var kept = Assert.IsType<CallSubmission>(Redacting.Read(Encoding.UTF8.GetBytes(item), Items.Enveloped).Submission);

        Assert.True(kept.Message.Truncated);
        Assert.DoesNotContain(secret[..4], Encoding.UTF8.GetString(kept.Record.Span));
    }

    [Fact]
    public void an_id_with_a_secret_is_refused_without_it()
    {
        var secret = "ghp_" + new PlantedSecrets(1).Letters(36);
        var item = Items.Envelope(Items.RecordWith("tool_call_id", $"\"{secret}\""));

        var read = Redacting.Read(Encoding.UTF8.GetBytes(item), Items.Enveloped);

        Assert.Equal(SecretIds.Refusal, read.Error);
    }

    [Fact]
    public void an_error_quotes_no_half_of_a_secret()
    {
        var secret = "https://somebody:" + new PlantedSecrets(1).Letters(80) + "@host";
        var item = Items.Envelope(Items.RecordWith("recorded_at", $"\"{secret}\""));

        var read = Redacting.Read(Encoding.UTF8.GetBytes(item), Items.Enveloped);

        Assert.Equal("record.recorded_at: not an RFC 3339 time: \"…\"", read.Error);
    }

    private static readonly ItemReader Redacting = new(Say.Hasher, new Redactor(RedactionRules.Default, Say.Hasher));
}
