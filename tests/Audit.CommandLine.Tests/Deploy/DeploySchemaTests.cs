using System.Diagnostics;

namespace Audit.CommandLine.Tests.Deploy;

/// <summary>Runs where the public schemas and ajv lie, which come from npm.</summary>
internal sealed class SchemaTheoryAttribute : TheoryAttribute
{
    public const string Variable = "AUDIT_TEST_SCHEMAS";

    public SchemaTheoryAttribute() =>
        Skip = Modules is null ? $"no schemas: {Variable} names no node_modules with ajv, dclint and kubernetes-models" : null;

    public static string? Modules { get; } =
        Environment.GetEnvironmentVariable(Variable) is { } given && Directory.Exists(Path.Combine(given, "ajv")) ? given : null;
}

/// <summary>docker-compose.yml and deploy/kubernetes against the schemas that their readers publish (issue 15, point 6).</summary>
public sealed class DeploySchemaTests
{
    private const string Compose = "compose";
    private const string Kubernetes = "kubernetes";

    [SchemaTheory]
    [InlineData(Compose, "docker-compose.yml")]
    [InlineData(Kubernetes, "deploy/kubernetes/namespace.yaml")]
    [InlineData(Kubernetes, "deploy/kubernetes/services.yaml")]
    [InlineData(Kubernetes, "deploy/kubernetes/policies.yaml")]
    [InlineData(Kubernetes, "deploy/kubernetes/statefulset.yaml")]
    public async Task what_an_operator_is_given_is_valid(string schema, string file)
    {
        var (exitCode, printed) = await ValidateAsync(schema, await File.ReadAllTextAsync(DeployFiles.PathOf(file)));
        Assert.True(exitCode == 0, printed);
    }

    [SchemaTheory]
    [InlineData(Compose, "docker-compose.yml", "depends_on:", "depend_on:")]
    [InlineData(Compose, "docker-compose.yml", "retries: 12", "retries: [12]")]
    [InlineData(Compose, "docker-compose.yml", "read_only: true", "read_only: [true]")]
    [InlineData(Kubernetes, "deploy/kubernetes/statefulset.yaml", "readinessProbe:", "readynessProbe:")]
    [InlineData(Kubernetes, "deploy/kubernetes/statefulset.yaml", "replicas: 3", "replicas: three")]
    [InlineData(Kubernetes, "deploy/kubernetes/statefulset.yaml", "runAsNonRoot: true", "runAsNonRoot: 'yes'")]
    [InlineData(Kubernetes, "deploy/kubernetes/policies.yaml", "policyTypes:", "policyType:")]
    [InlineData(Kubernetes, "deploy/kubernetes/services.yaml", "publishNotReadyAddresses: true", "publishNotReadyAddresses: 1")]
    public async Task a_planted_error_is_refused(string schema, string file, string right, string wrong)
    {
        var text = await File.ReadAllTextAsync(DeployFiles.PathOf(file));
        Assert.Contains(right, text, StringComparison.Ordinal);
        var (exitCode, printed) = await ValidateAsync(schema, text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Equal(1, exitCode);
        Assert.NotEmpty(printed);
    }

    [Fact]
    public void the_schemas_are_asked_about_every_file_there_is()
    {
        var asked = typeof(DeploySchemaTests).GetMethod(nameof(what_an_operator_is_given_is_valid))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>()
            .Select(one => (string)one.GetData(null!).Single()[1]);
        var there = Directory.GetFiles(DeployFiles.PathOf("deploy/kubernetes")).Select(Path.GetFileName)
            .Where(name => name != "kustomization.yaml").Select(name => $"deploy/kubernetes/{name}");
        Assert.Equal(there.Append("docker-compose.yml").Order(), asked.Order());
        var resources = DeployFiles.Documents(DeployFiles.PathOf("deploy/kubernetes/kustomization.yaml")).Single()["resources"];
        Assert.Equal(there.Order(), resources.Texts.Select(name => $"deploy/kubernetes/{name}").Order());
    }

    [Fact]
    public void no_secret_has_a_default_and_none_stands_in_the_environment()
    {
        var compose = DeployFiles.Compose();
        foreach (var secret in compose["secrets"].Members.Values)
        {
            // Compose ends with the sentence behind the question mark where nobody gave one.
            Assert.Matches(@"^\$\{AUDIT_[A-Z_]+:\?[a-z ']+.*\}$", secret["file"].Text);
        }

        var environments = compose["services"].Members.Values
            .SelectMany(service => service.Find("environment")?.Members.ToList() ?? [])
            .Concat(DeployFiles.InPod(0, "node").Environment.Select(one => KeyValuePair.Create(one.Key, new YamlObject(one.Value))));
        Assert.DoesNotContain(
            environments,
            one => one.Value.Text.Contains("Password=", StringComparison.OrdinalIgnoreCase)
                || (one.Key.Contains("PASSWORD", StringComparison.Ordinal) && !one.Key.EndsWith("_FILE", StringComparison.Ordinal)));
    }

    [Fact]
    public void the_nodes_of_kubernetes_are_watched_drained_and_not_all_taken_away()
    {
        var set = DeployFiles.Documents(DeployFiles.PathOf("deploy/kubernetes/statefulset.yaml")).Single()["spec"];
        var node = set["template"]["spec"]["containers"].Items.Single();
        Assert.Equal("/health/live", node["livenessProbe"]["httpGet"]["path"].Text);
        Assert.Equal("/health/ready", node["readinessProbe"]["httpGet"]["path"].Text);
        Assert.Equal("HTTPS", node["readinessProbe"]["httpGet"]["scheme"].Text);
        Assert.NotEmpty(node["lifecycle"]["preStop"]["exec"]["command"].Texts);
        var services = DeployFiles.Documents(DeployFiles.PathOf("deploy/kubernetes/services.yaml"));
        var seeds = services.Single(one => one["metadata"]["name"].Text == set["serviceName"].Text)["spec"];
        Assert.Equal(("None", "true"), (seeds["clusterIP"].Text, seeds["publishNotReadyAddresses"].Text));
        var budget = DeployFiles.Documents(DeployFiles.PathOf("deploy/kubernetes/policies.yaml"))
            .Single(one => one["kind"].Text == "PodDisruptionBudget");
        Assert.Equal("1", budget["spec"]["maxUnavailable"].Text);
        Assert.Equal(
            set["template"]["metadata"]["labels"]["app"].Text, budget["spec"]["selector"]["matchLabels"]["app"].Text);
    }

    private static async Task<(int ExitCode, string Printed)> ValidateAsync(string schema, string text)
    {
        using var program = Process.Start(
            new ProcessStartInfo("node", [DeployFiles.TestFile("validate.js"), SchemaTheoryAttribute.Modules!, schema])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        var printed = program.StandardOutput.ReadToEndAsync();
        await program.StandardInput.WriteAsync(text);
        program.StandardInput.Close();
        await program.WaitForExitAsync();
        return (program.ExitCode, await printed);
    }
}
