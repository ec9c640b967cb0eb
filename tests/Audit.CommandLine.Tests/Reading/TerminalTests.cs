using System.Collections;
using System.Globalization;

namespace Audit.CommandLine.Tests.Reading;

/// <summary>What a person sees on a terminal of 80 places, and of 140.</summary>
public sealed class TerminalTests(DemoProcess demo) : IClassFixture<DemoProcess>
{
    private sealed record Row(string At, string Call, string? Tool, string State, string Command);

    private static readonly Row[] Rows =
    [
        new("2026-11-17T14:02:03Z", "call_0001", "sql.query", "completed", "SELECT count(*) FROM orders WHERE region IS NULL AND total > 100"),
        new("2025-12-31T23:30:00Z", "call_with_a_long_name_0002", null, "awaiting_confirmation", "删除客户表 删除客户表 删除客户表 删除客户表 删除客户表"),
    ];

    private static readonly Column<Row>[] Columns =
    [
        new("at", row => Cells.Clock(row.At)) { IsRigid = true }, new("call", row => row.Call) { Least = 20 },
        new("tool", row => row.Tool, Rank: 1), new("state", row => row.State, Colour: _ => Ansi.Red) { IsRigid = true },
        new("agent", _ => null, Rank: 2), new("command", row => row.Command),
    ];

    [Theory]
    [InlineData(80, """
        AT                   CALL                  STATE                  COMMAND
        11-17 14:02:03       call_0001             completed              SELECT count(…
        2025-12-31 23:30:00  call_with_a_long_na…  awaiting_confirmation  删除客户表 删…
        not shown: tool (--wide); times are UTC

        """)]
    [InlineData(140, """
        AT                   CALL                        TOOL       STATE                  COMMAND
        11-17 14:02:03       call_0001                   sql.query  completed              SELECT count(*) FROM orders WHERE region IS NULL AND tot…
        2025-12-31 23:30:00  call_with_a_long_name_0002             awaiting_confirmation  删除客户表 删除客户表 删除客户表 删除客户表 删除客户表
        times are UTC

        """)]
    public void a_table_has_the_columns_that_there_is_room_for_and_no_boxes(int width, string expected)
    {
        using var said = new StringWriter { NewLine = "\n" };
        var terminal = new Surroundings(said, said)
        {
            OutIsTerminal = true, TerminalWidth = () => width, Clock = new FixedClock(),
            Environment = new Hashtable { ["TZ"] = "UTC", ["NO_COLOR"] = "1" },
        }.For(null, isWide: false);

        Output.WriteFoot(terminal, Output.WriteTable(terminal, Columns, Rows));

        Assert.Equal(expected, said.ToString());
    }

    [Theory]
    [InlineData("Europe/Berlin", null, "11-17 15:02:03", "times are Europe/Berlin (UTC+01:00)")]
    [InlineData(":America/New_York", TimeStyle.Local, "11-17 09:02:03", "times are America/New_York (UTC-05:00)")]
    [InlineData("Europe/Berlin", TimeStyle.Utc, "11-17 14:02:03", "times are UTC")]
    [InlineData("No/Where", null, "11-17 14:02:03", "times are UTC")]
    [InlineData("Europe/Berlin", TimeStyle.Ago, "4.9 d ago", "times are from now")]
    public void times_are_where_the_reader_is_or_from_now(string zone, object? style, string shown, string said)
    {
        var terminal = new Surroundings(TextWriter.Null, TextWriter.Null)
        {
            OutIsTerminal = true, Clock = new FixedClock(), Environment = new Hashtable { ["TZ"] = zone },
        };

        var times = terminal.For((TimeStyle?)style, isWide: false).Times;

        Assert.Equal((shown, said), (times.Of(Rows[0].At), times.Name));
        Assert.Equal("2026-11-17 14:02:03", (terminal with { OutIsTerminal = false }).For(null, isWide: false).Times.Of(Rows[0].At));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public async Task no_line_of_a_list_is_longer_than_the_terminal(int width)
    {
        foreach (var verb in new[] { "sessions", "tasks", "windows", "violations", "search is:failed OR is:violation", "show migr-orders-20a7", "windows w-orders-17", "tasks migrate-orders", "diff session migr-orders-20a7 --from 70", "diff task migrate-orders", "show trig-442-91bc call_trig_006", "replay tues-support-881" })
        {
            var lines = (await OnTerminalAsync(width, verb.Split(' ', 2) is ["search", var query] ? ["search", query] : verb.Split(' '))).OutLines;
            Assert.True(lines.Length > 1, verb);
            Assert.All(lines.Where(line => !line.Contains("times are", StringComparison.Ordinal)), line => Assert.True(line.Length <= width, $"{verb}: {line}"));
            Assert.DoesNotContain(lines, line => line.AsSpan().ContainsAny('│', '─', '╭'));
        }
    }

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public async Task a_session_keeps_its_verdicts_and_says_what_failed(int width)
    {
        var said = (await OnTerminalAsync(width, "show", "migr-orders-20a7")).Out;

        Assert.Contains("WINDOW", said, StringComparison.Ordinal);
        Assert.Contains("outside_window", said, StringComparison.Ordinal);
        Assert.Contains("out_of_scope", said, StringComparison.Ordinal);
        Assert.Contains("completed, failed", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_list_that_is_cut_says_of_how_many_and_what_shows_all()
    {
        Assert.Contains("first 2 of 5 sessions, --limit 5 shows all", (await OnTerminalAsync(80, "sessions", "--limit", "2")).Out, StringComparison.Ordinal);
        Assert.Contains("newest 3 of 9 calls, --limit 9 shows all", (await OnTerminalAsync(80, "show", "migr-orders-20a7", "--limit", "3")).Out, StringComparison.Ordinal);
        Assert.Contains("first 1 of ", (await OnTerminalAsync(80, "search", "tool:sql.*", "--limit", "1")).Out, StringComparison.Ordinal);
        Assert.DoesNotContain("first 5", (await OnTerminalAsync(80, "sessions")).OutLines[^1], StringComparison.Ordinal);
        Assert.Equal("There are no calls that match.\n", (await OnTerminalAsync(80, "search", "nothing-of-this")).Out);
    }

    [Fact]
    public async Task nothing_is_cut_where_that_is_asked_for()
    {
        var wide = (await OnTerminalAsync(80, "sessions", "--wide", "--time", "utc")).Require(ExitCode.Fine);
        Assert.Contains("COMPLETE", wide.OutLines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("…", wide.Out, StringComparison.Ordinal);
        Assert.Matches(@"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", wide.Out);
        Assert.Contains("min ago", (await OnTerminalAsync(80, "sessions", "--time", "ago")).Out, StringComparison.Ordinal);
        Assert.Contains("--time \"noon\" is not accepted", (await OnTerminalAsync(80, "sessions", "--time", "noon")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    private Task<CommandResult> OnTerminalAsync(int width, params string[] args) =>
        InProcess.OnTerminalAsync(width, [.. args, "--data", demo.Data]);

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.Parse("2026-11-22T12:00:00Z", CultureInfo.InvariantCulture);
    }
}
