using System.Buffers;
using System.Text;

namespace Audit.Formats.Tests.Export;

public sealed class CsvTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+49", "'+49")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\tx", "\"'\tx\"")]
    [InlineData("\r=x", "\"'\r'=x\"")]
    [InlineData("a;=1+1", "\"a;'=1+1\"")]
    [InlineData("a; =1+1", "\"a;' =1+1\"")]
    [InlineData("a;\"=1+1\"", "\"a;'\"\"=1+1\"\"\"")]
    [InlineData("a\t-1", "\"a\t'-1\"")]
    [InlineData("two\n@lines", "\"two\n'@lines\"")]
    [InlineData(" =1", "' =1")]
    [InlineData("\uFF1D1", "'\uFF1D1")]
    [InlineData("\0=1", "'\0=1")]
    [InlineData("\uFEFF=1", "'\uFEFF=1")]
    [InlineData("\u200B+1", "'\u200B+1")]
    [InlineData("a;\u3000=1", "\"a;'\u3000=1\"")]
    [InlineData("a;b", "\"a;b\"")]
    [InlineData("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"")]
    [InlineData("a=1", "a=1")]
    public void a_field_is_quoted_where_it_must_be_and_is_never_a_formula(string? text, string field) =>
        Assert.Equal(field, CsvField.Of(text));

    [Fact]
    public void a_call_is_a_row_under_the_head_of_its_columns()
    {
        var rows = Csv(
            """{"v":1,"event":"call.transitioned","received_at":"2026-01-01T00:00:01Z","source":"ci","token":"ci-7","session_id":"s-1","task_id":"t-1","agent":"a-1","from":"requested","to":"completed","attempt":1,"anomalies":["late_confirmation","truncated"],"message_id":"m-1","record":{"tool_call_id":"c-1","tool_name":"sql","effective_input":{"sql":"select 1, 2"},"outcome":{"kind":"completed","result":{"success":true,"output":"=1\n2","data":null,"duration_ms":7}},"recorded_at":"2026-01-01T00:00:00.123456789Z"}}""");

        Assert.Equal(
            "position,stream,sequence,event,received_at,happened_at,source,token,on_behalf_of,agent,task_id,window_id,session_id,tool_call_id,"
            + "tool_name,kind,from,to,attempt,anomalies,reason,decision,approval_by,by,success,duration_ms,input,output,message_id,derived_id,detail,claimed_by,parent\r\n"
            + "7,call|ci|s-1|c-1,3,call.transitioned,2026-01-01T00:00:01Z,2026-01-01T00:00:00.123456789Z,ci,ci-7,,a-1,t-1,,s-1,c-1,sql,"
            + "completed,requested,completed,1,late_confirmation truncated,,,,,true,7,\"{\"\"sql\"\":\"\"select 1, 2\"\"}\",\"'=1\n2\",m-1,,,,\r\n",
            rows);
    }

    [Theory]
    [InlineData("""{"event":"call.violated","reason":"a blocked call reported success","record":{"outcome":{"kind":"blocked","reason":"other","decision":"reject","source":"hook","by":"bob"}}}""", ",blocked,,,,,a blocked call reported success,reject,hook,,,,,,,,,bob,\r\n")]
    [InlineData("""{"event":"session.noted","type":"ended","at":"2026-01-01T00:00:00Z","detail":{"why":"done"}}""", ",ended,,,,,,,,,,,,,,,\"{\"\"why\"\":\"\"done\"\"}\",,\r\n")]
    [InlineData("""{"event":"window.revoked","verb":"revoke","from":"approved","to":"revoked","reason":"an incident"}""", ",revoke,approved,revoked,,,an incident,,,,,,,,,,,,\r\n")]
    public void every_event_has_its_row(string message, string end) => Assert.EndsWith(end, Csv(message));

    [Fact]
    public void a_row_of_somebody_else_has_its_place_and_nothing_more() => Assert.EndsWith("\r\n7,call|ci|s-1|c-1,3" + new string(',', 30) + "\r\n", Csv(""));

    private static string Csv(string message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var csv = new CsvBook();
        csv.Begin(buffer);
        _ = EventView.TryRead(Encoding.UTF8.GetBytes(message), out var view);
        csv.Write(new BookEvent(7, "call|ci|s-1|c-1", 3, view), buffer);
        csv.End(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
