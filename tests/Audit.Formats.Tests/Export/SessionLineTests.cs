using System.Buffers;
using System.Text;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests.Export;

public sealed class SessionLineTests
{
    private const string Requested = """{"event":"window.requested","received_at":"2026-11-20T14:01:00Z","token":"bot","window_id":"w-7","terms":{"task_id":"migrate-orders","agent":"copilot-agent","scope":["sql.*"],"reason":"x"}}""";
    private const string Approved = """{"event":"window.approved","received_at":"2026-11-20T14:01:30Z","token":"alice","window_id":"w-7","opens_at":"2026-11-20T14:02:00Z","closes_at":"2026-11-20T14:19:00Z"}""";

    [Fact]
    public void a_window_is_one_line_with_its_commands_and_who_approved_them() => Assert.Equal(
        "identity=copilot-agent task=migrate-orders session=s-1 source=ci date=2026-11-20 window=14:02-14:19 window_id=w-7 approved_by=alice "
        + "14:03:00 sql.query \"SELECT 1\" completed 14:07:00 sql.query \"ALTER TABLE orders ADD x int\" completed (approved by alice) "
        + "14:18:59 ended\n",
        Lines(
            Requested, Approved,
            Call("c-1", "14:03:00", "completed", "SELECT 1", """{"kind":"completed","result":{"success":true,"output":""}}"""),
            Call("c-2", "14:07:00", "awaiting_confirmation", "ALTER TABLE orders ADD x int", """{"kind":"requires_confirmation","description":"?"}"""),
            Call("c-2", "14:07:05", "approved", "ALTER TABLE orders ADD x int", """{"kind":"approved","decision":"approve-once","by":"alice"}""")
                .Replace("\"to\"", "\"made_by_node\":true,\"to\""),
            Call("c-2", "14:07:06", "completed", "ALTER TABLE orders ADD x int", """{"kind":"completed","result":{"success":true,"output":""}}"""),
            """{"event":"session.noted","source":"ci","session_id":"s-1","type":"ended","at":"2026-11-20T14:18:59Z"}"""));

    [Fact]
    public void what_was_done_outside_of_the_window_is_a_line_of_its_session()
    {
        var lines = Lines(
            Requested, Approved,
            Call("c-1", "13:00:00", "completed", "SELECT 1", """{"kind":"completed","result":{"success":false,"output":"no"}}"""),
            Call("c-2", "14:07:00", "blocked", "DROP TABLE orders", """{"kind":"blocked","reason":"no"}"""),
            Call("c-3", "14:19:00", "completed", "SELECT 3", """{"kind":"completed","result":{"success":true,"output":""}}""")).Split('\n');

        Assert.Equal(3, lines.Length);
        Assert.EndsWith("approved_by=alice 14:07:00 sql.query \"DROP TABLE orders\" blocked", lines[0]);
        Assert.Equal(
            "identity=copilot-agent task=migrate-orders session=s-1 source=ci date=2026-11-20 window=none 13:00:00 sql.query \"SELECT 1\" failed "
            + "14:19:00 sql.query \"SELECT 3\" completed",
            lines[1]);
    }

    [Fact]
    public void a_call_is_in_the_window_by_the_words_that_the_read_models_have_for_it()
    {
        static string Received(string call, string at, string more = "") => call.Replace("\"to\"", $"\"received_at\":\"2026-11-20T{at}Z\",{more}\"to\"");
        var asked = Call("c-4", "14:05:00", "awaiting_confirmation", "4", """{"kind":"requires_confirmation"}""");
        var approved = Call("c-4", "14:05:01", "approved", "4", """{"kind":"approved","decision":"approve-once","by":"alice"}""");
        var lines = Lines(
            Requested, Approved.Replace("14:02:00", "13:50:00"),
            Call("c-1", "14:00:00", "requested", "1", """{"kind":"requested"}"""),
            Call("c-2", "14:03:00", "requested", "2", """{"kind":"requested"}""").Replace("sql.query", "bash"),
            Received(Call("c-3", "14:04:00", "requested", "3", """{"kind":"requested"}"""), "14:30:00"),
            Received(asked, "14:30:00"), Received(approved, "14:05:02", "\"made_by_node\":true,"),
            Received(Call("c-5", "14:06:00", "requested", "5", """{"kind":"requested"}"""), "13:00:00")).Split('\n');

        Assert.EndsWith(
            "approved_by=alice 14:00:00 sql.query \"1\" requested (granted after) 14:03:00 bash \"2\" requested (out of scope) 14:05:00 sql.query \"4\" approved (decided in time) (approved by alice)", lines[0]);
        Assert.EndsWith(
            "window=none 14:04:00 sql.query \"3\" requested (window unproven) 14:06:00 sql.query \"5\" requested", lines[1]);
    }

    [Fact]
    public void a_window_that_was_revoked_ends_there_and_one_that_was_never_approved_has_no_line()
    {
        var revoked = """{"event":"window.revoked","received_at":"2026-11-20T14:05:00Z","token":"alice","window_id":"w-7"}""";
        Assert.Contains("window=14:02-14:05", Lines(Requested, Approved, revoked));
        Assert.Empty(Lines(Requested));
    }

    [Fact]
    public void times_of_another_day_have_their_date_and_what_breaks_a_line_does_not()
    {
        var line = Lines(
            Call("c-1", "23:59:59", "completed", "echo 'a\\nb\\u2028c'", """{"kind":"started"}"""),
            Call("c-2", "23:59:59", "requested", "x", """{"kind":"requested"}""").Replace("2026-11-20T23:59:59Z", "2026-11-21T00:00:01Z"));

        Assert.Single(line.TrimEnd('\n').Split('\n', '\u2028'));
        Assert.Contains(" 2026-11-21T00:00:01 sql.query \"x\" requested", line);
    }

    [Fact]
    public void a_message_that_came_late_does_not_say_where_the_call_is() => Assert.EndsWith(
        "11:59:59 sql.query \"x\" failed\n",
        Lines(
            Call("c-1", "12:00:00", "completed", "x", """{"kind":"completed","result":{"success":false,"output":""}}"""),
            Call("c-1", "11:59:59", "requested", "x", """{"kind":"requested"}""").Replace("\"to\"", "\"late\":true,\"to\"")));

    [Fact]
    public void a_call_that_has_no_name_is_told_by_what_was_asked_for() => Assert.EndsWith(
        "12:00:00 shell \"Run it\" completed (reported by the host as approved)\n",
        Lines(
            Nameless("12:00:00", "awaiting_confirmation", """{"kind":"requires_confirmation","description":"Run it"}"""),
            Nameless("12:00:01", "approved", """{"kind":"approved","decision":"approve-once"}"""),
            Nameless("12:00:02", "completed", """{"kind":"completed","result":{"success":true,"output":""}}""")));

    [Fact]
    public void what_a_host_says_of_an_approval_is_its_own_word_and_another_question_is_not_approved()
    {
        var asked = Call("c-1", "12:00:00", "awaiting_confirmation", "x", """{"kind":"requires_confirmation"}""").Replace("\"to\"", "\"question\":\"q1\",\"to\"");
        var claimed = Call("c-1", "12:00:02", "approved", "x", """{"kind":"approved","decision":"approve-once","by":"alice"}""");
        var approved = claimed.Replace("\"to\"", "\"made_by_node\":true,\"to\"");

        Assert.EndsWith(" approved (reported by the host as approved by alice)\n", Lines(asked, claimed));
        Assert.EndsWith(" approved (approved by alice)\n", Lines(asked, approved, claimed, asked.Replace("12:00:00", "12:00:03").Replace("awaiting_confirmation", "approved")));
        Assert.EndsWith(" awaiting_confirmation\n", Lines(asked, approved, asked.Replace("q1", "q2")));
    }

    [Fact]
    public void what_is_not_seen_is_shown_by_its_number() => Assert.Contains(
        "\\u202Egnp.exe", Lines(Call("c-1", "12:00:00", "requested", "rm \u202Egnp.exe", """{"kind":"requested"}""")));

    [Fact]
    public void a_tool_that_is_named_like_more_of_the_line_is_quoted() => Assert.EndsWith(
        "12:00:00 \"x\\\" completed (approved by alice) 14:07:00 z \\\"q\" \"x\" blocked\n",
        Lines(Call("c-1", "12:00:00", "blocked", "x", """{"kind":"blocked","reason":"no"}""")
            .Replace("sql.query", "x\\\" completed (approved by alice) 14:07:00 z \\\"q")));

    [Fact]
    public void a_call_that_tells_no_input_is_told_by_its_tool() => Assert.EndsWith(
        "12:00:00 sql.query requested\n", Lines(Call("c-1", "12:00:00", "requested", null, """{"kind":"requested"}""")));

    [Fact]
    public void more_calls_than_a_line_may_tell_are_refused()
    {
        var book = new SessionBook();
        var buffer = new ArrayBufferWriter<byte>();
        var view = EventView.Read(
            Encoding.UTF8.GetBytes(Call("c", "12:00:00", "requested", null, """{"kind":"requested"}""")));
        for (var call = 0; call < SessionBook.MostCalls; call++)
        {
            book.Write(new BookEvent(call + 1, $"call|ci|s-1|{call}", 1, view), buffer);
        }

        Assert.Throws<TooManyCallsException>(() => book.Write(new BookEvent(1, "call|ci|s-1|x", 1, view), buffer));
    }

    private static string Call(string call, string time, string to, string? sql, string outcome)
    {
        var input = sql is null ? "null" : $$"""{"sql":"{{sql}}"}""";
        return $$$"""{"event":"call.transitioned","source":"ci","token":"ci-7","session_id":"s-1","task_id":"migrate-orders","agent":"copilot-agent","to":"{{{to}}}","record":{"tool_call_id":"{{{call}}}","tool_name":"sql.query","effective_input":{{{input}}},"outcome":{{{outcome}}},"recorded_at":"2026-11-20T{{{time}}}Z"}}""";
    }

    private static string Nameless(string time, string to, string outcome) => Call("c-1", time, to, null, outcome)
        .Replace("\"tool_name\":\"sql.query\"", "\"tool_name\":\"\",\"display_name\":\"shell\"");

    private static string Lines(params string[] messages)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var book = new SessionBook();
        book.Begin(buffer);
        foreach (var (index, message) in messages.Index())
        {
            var view = EventView.Read(Encoding.UTF8.GetBytes(message));
            var entry = new BookEvent(index + 1, "", 1, view);
            var stream = entry.WindowId is { } window ? $"task-window|{window}" : $"call|ci|s-1|{entry.ToolCallId}";
            book.Write(new BookEvent(index + 1, stream, 1, view), buffer);
        }

        book.End(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
