using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

/// <summary>Runs where the program that checks alert rules is installed.</summary>
public sealed class PromtoolFactAttribute : FactAttribute
{
    public const string Variable = "AUDIT_TEST_PROMTOOL";

    public PromtoolFactAttribute() =>
        Skip = Program is null ? $"no promtool: it is not in PATH, and {Variable} names none" : null;

    public static string? Program =>
        new[] { Environment.GetEnvironmentVariable(Variable) }
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(path => Path.Combine(path, "promtool")))
            .FirstOrDefault(File.Exists);
}

/// <summary>What an operator is alerted on: the rules, the dashboard and the runbooks (issue 14, point 9).</summary>
public sealed partial class AlertTests(AlertTests.MeasuredNode node) : IClassFixture<AlertTests.MeasuredNode>
{
    private static readonly string Root = FindRoot();
    private static readonly string Rules = Path.Combine(Root, "deploy", "prometheus", "audit-alerts.yml");
    private static readonly string Dashboard = Path.Combine(Root, "deploy", "grafana", "audit-node.json");
    private static readonly string Guide = File.ReadAllText(Path.Combine(Root, "docs", "operations.md"));

    [Fact]
    public void every_metric_that_an_alert_names_is_measured()
    {
        var rules = File.ReadAllText(Rules);
        var expressions = ExpressionLine().Matches(rules).Select(match => Unquoted(match.Groups[1].Value)).ToList();
        Assert.Equal(AlertLine().Count(rules), expressions.Count);
        Assert.DoesNotContain(expressions, expression => expression[0] is '|' or '>' or '"');
        Assert.All(node.Everywhere, metrics => Assert.Empty(expressions.SelectMany(metrics.Lacks)));
    }

    [Fact]
    public void every_metric_that_the_dashboard_names_is_measured()
    {
        var expressions = Strings(JsonDocument.Parse(File.ReadAllText(Dashboard)).RootElement, "expr").ToList();
        Assert.True(expressions.Count > 20, $"{expressions.Count} expressions");
        Assert.All(node.Everywhere, metrics => Assert.Empty(expressions.Append("audit_info").SelectMany(metrics.Lacks)));
    }

    [PostgresFact]
    public void sizes_are_measured_on_both_stores()
    {
        Assert.Equal(2, node.Everywhere.Count);
        Assert.All(node.Everywhere, metrics =>
        {
            Assert.InRange(metrics.Value("audit_journal_file_bytes"), 8_192, 1 << 28);
            Assert.InRange(metrics.Value("audit_journal_wal_bytes"), 1, 1L << 32);
        });
    }

    [Theory]
    [InlineData("audit_nothing == 1", "audit_nothing")]
    [InlineData("audit_ready == 0 unless audit_log_halter == 1", "audit_log_halter")]
    [InlineData("sum by (instance) (rate(audit_reciepts_total{status=\"recorded\"}[5m]))", "audit_reciepts_total")]
    [InlineData("histogram_quantile(0.9, rate(audit_journal_commit_seconds_buckets[5m]))", "audit_journal_commit_seconds_buckets")]
    [InlineData("audit_journal_trouble{reason=\"flooded\"} == 1", "reason=\"flooded\"")]
    [InlineData("audit_journal_trouble{why=~\"a.*\"} == 1", "why")]
    [InlineData("audit_receipts == 1", "audit_receipts")]
    public void a_wrong_name_is_found(string expression, string wrong) =>
        Assert.Contains(wrong, Assert.Single(node.Metrics.Lacks(expression)));

    [Theory]
    [InlineData("sum(audit_ready")]
    [InlineData("audit_ready)")]
    [InlineData("rate(audit_ready[5m)")]
    [InlineData("audit_ready{a=\"b}")]
    [InlineData("audit_ready ? 1")]
    public void what_is_no_expression_is_refused(string text) =>
        Assert.Throws<FormatException>(() => PromExpression.SelectorsOf(text));

    [Fact]
    public void the_dashboard_is_one_that_can_be_imported()
    {
        var dashboard = JsonDocument.Parse(File.ReadAllText(Dashboard)).RootElement;
        Assert.Equal("audit-node", dashboard.Text("uid"));
        Assert.NotEmpty(dashboard.Text("title"));
        Assert.InRange(dashboard.GetProperty("schemaVersion").GetInt32(), 36, 41);
        Assert.False(dashboard.TryGetProperty("id", out _), "an id is of one Grafana");
        var variables = dashboard.GetProperty("templating").GetProperty("list").EnumerateArray().ToList();
        Assert.Contains(variables, one => (one.Text("name"), one.Text("type"), one.Text("query").ToString()) == ("datasource", "datasource", "prometheus"));
        var panels = dashboard.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        foreach (var panel in panels)
        {
            Assert.Contains(panel.Text("type"), (string[])["row", "stat", "timeseries"]);
            Assert.NotEmpty(panel.Text("title"));
            var place = panel.GetProperty("gridPos");
            Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24);
            if (panel.Text("type") != "row")
            {
                Assert.NotEmpty(panel.GetProperty("fieldConfig").GetProperty("defaults").Text("unit"));
                Assert.All(
                    panel.GetProperty("targets").EnumerateArray().Append(panel),
                    one => Assert.Equal("${datasource}", one.GetProperty("datasource").Text("uid")));
            }
        }
    }

    [Fact]
    public void every_alert_is_explained_and_has_its_runbook()
    {
        var rules = File.ReadAllText(Rules);
        var anchors = HeadingLine().Matches(Guide).Select(match => AnchorOf(match.Groups[1].Value)).ToHashSet();
        Assert.All(
            AlertLine().Matches(rules), match => Assert.Contains($"| `{match.Groups[1].Value}` |", Guide, StringComparison.Ordinal));
        Assert.All(RunbookLine().Matches(rules), match => Assert.Contains(match.Groups[1].Value, anchors));
    }

    [Fact]
    public void what_is_measured_and_what_the_guide_names_are_the_same()
    {
        var named = MetricName().Matches(Guide).Select(match => match.Value).ToHashSet();
        Assert.DoesNotContain(named.Except(node.Metrics.Families), name => node.Metrics.Lacks(name).Any());
        Assert.Empty(node.Metrics.Families.Except(named));
    }

    [Fact]
    public void the_node_measures_what_it_did()
    {
        Assert.Equal(1, node.Metrics.Value("audit_ready"));
        Assert.InRange(node.Metrics.Value("audit_journal_position"), 2, 1_000);
        Assert.InRange(node.Metrics.Value("audit_log_position"), 2, 1_000);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.InRange(node.Metrics.Value("audit_journal_last_commit_timestamp_seconds"), now - 3_600, now + 1);
        Assert.InRange(node.Metrics.Value("audit_log_last_seal_timestamp_seconds"), now - 3_600, now + 1);
        Assert.Equal(1, node.Metrics.Value("audit_log_state", "sealing"));
        Assert.Equal(0, node.Metrics.Value("audit_journal_trouble", "set_back"));
        Assert.InRange(node.Metrics.Value("audit_journal_commit_seconds_count"), 1, 1_000);
        Assert.Equal(
            node.Metrics.Value("audit_journal_commit_seconds_count"), node.Metrics.Value("audit_journal_commit_seconds_bucket", "+Inf"));
        Assert.InRange(node.Metrics.Value("audit_disk_free_bytes", "journal"), 1, node.Metrics.Value("audit_disk_size_bytes", "journal"));
        Assert.InRange(node.Metrics.Value("audit_journal_wal_bytes"), 1, 1 << 28);
        Assert.InRange(node.Metrics.Value("process_open_fds"), 10, node.Metrics.Value("process_max_fds"));
        // The request before may not have given back what it held.
        Assert.InRange(node.Metrics.Value("audit_quota_used", "requests", "token"), 1, 2);
    }

    [PromtoolFact]
    public async Task the_rules_are_valid_and_fire_for_what_they_are_about()
    {
        Assert.Contains("SUCCESS", await PromtoolAsync("check", "rules", Rules), StringComparison.Ordinal);
        Assert.Contains(
            "SUCCESS", await PromtoolAsync("test", "rules", Rules.Replace(".yml", ".test.yml", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        var tests = await File.ReadAllTextAsync(Rules.Replace(".yml", ".test.yml", StringComparison.Ordinal));
        Assert.All(
            AlertLine().Matches(await File.ReadAllTextAsync(Rules)),
            match => Assert.Contains($"        alertname: {match.Groups[1].Value}\n", tests, StringComparison.Ordinal));
    }

    private static async Task<string> PromtoolAsync(params string[] arguments)
    {
        using var program = Process.Start(new ProcessStartInfo(PromtoolFactAttribute.Program!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = program.StandardError.ReadToEndAsync();
        var output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync();
        Assert.True(program.ExitCode == 0, output + await error);
        return output;
    }

    private static IEnumerable<string> Strings(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => member.Name == name
            ? [member.Value.GetString()!]
            : Strings(member.Value, name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(one => Strings(one, name)),
        _ => [],
    };

    private static string Unquoted(string text) =>
        text[0] == '\'' ? text[1..^1].Replace("''", "'", StringComparison.Ordinal) : text;

    private static string AnchorOf(string heading) =>
        NotOfAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Audit.Actors.sln")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }

    [GeneratedRegex(@"^\s+- alert: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex AlertLine();

    [GeneratedRegex(@"^\s+expr: (.+)$", RegexOptions.Multiline)]
    private static partial Regex ExpressionLine();

    [GeneratedRegex(@"^\s+runbook: docs/operations\.md#(.+)$", RegexOptions.Multiline)]
    private static partial Regex RunbookLine();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex HeadingLine();

    [GeneratedRegex("[^a-z0-9 -]")]
    private static partial Regex NotOfAnchor();

    [GeneratedRegex(@"\b(audit|process|dotnet)_[a-z_]+[a-z]\b")]
    private static partial Regex MetricName();

    /// <summary>A node of each store that did a little of everything, and what it measured.</summary>
    public sealed class MeasuredNode : IAsyncLifetime
    {
        /// <summary>On SQLite.</summary>
        internal ShownMetrics Metrics => Everywhere[0];

        /// <summary>The same, and on PostgreSQL where there is one.</summary>
        internal List<ShownMetrics> Everywhere { get; } = [];

        public async Task InitializeAsync()
        {
            await using (var node = await TestNode.StartAsync())
            {
                Everywhere.Add(await MeasureAsync(node));
            }

            if (PostgresServer.Unavailable is null)
            {
                await using var database = await PostgresServer.CreateDatabaseAsync();
                await using var node = await TestNode.StartAsync("postgres:" + database.ConnectionString);
                Everywhere.Add(await MeasureAsync(node));
            }
        }

        private static async Task<ShownMetrics> MeasureAsync(TestNode node)
        {
            ShownMetrics? shown = null;
            await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", "c-1", Records.Completed()));
            await Patience.UntilAsync(
                async () => (shown = new ShownMetrics((await node.GetAsync("/metrics")).Require(200).Text))
                    .Value("audit_ready") == 1,
                "it measures that it is ready");
            return shown!;
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
