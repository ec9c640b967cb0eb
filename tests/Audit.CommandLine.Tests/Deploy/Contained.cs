using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace Audit.CommandLine.Tests.Deploy;

/// <summary>What a container sees at a place: `tmpfs`, or what the name of a volume, secret or file stands for.</summary>
internal sealed record ContainedMount(string At, string Of, bool IsReadOnly);

/// <summary>A program as the files for an operator start it.</summary>
internal sealed record Contained(
    string Name, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<ContainedMount> Mounts)
{
    public const string Scratch = "tmpfs";

    /// <summary>The user `app` of the image.</summary>
    public const string User = "1654";
}

/// <summary>Dockerfile, docker-compose.yml and deploy/, read as those do that start what is in them.</summary>
internal static partial class DeployFiles
{
    public static string Root { get; } = RepositoryRoot();

    public static string PathOf(string file) => Path.Combine(Root, file);

    public static string TestFile(string name) => PathOf($"tests/Audit.CommandLine.Tests/Deploy/{name}");

    /// <summary>The image as it runs when nobody says otherwise.</summary>
    public static Contained Image()
    {
        var lines = File.ReadAllText(PathOf("Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal);
        var last = lines[lines.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        Assert.Contains("\nUSER app\nWORKDIR /data\nVOLUME /data\n", last, StringComparison.Ordinal);
        var settings = Setting().Matches(EnvLine().Match(last).Groups[1].Value)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value.Trim('"'));
        return new Contained(
            "image", [.. Words(last, "ENTRYPOINT"), .. Words(last, "CMD")], settings, [new("/data", "data", false)]);
    }

    /// <summary>What asks the image whether it is well.</summary>
    public static IReadOnlyList<string> HealthCheck() =>
        JsonWords(HealthLine().Match(File.ReadAllText(PathOf("Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal)).Groups[1].Value);

    public static YamlObject Compose() => Documents(PathOf("docker-compose.yml")).Single();

    /// <summary>A service that runs of an image of ours, or with a command of ours.</summary>
    public static Contained Service(string name)
    {
        var image = Image();
        var service = Compose()["services"][name];
        Assert.Equal($"{Contained.User}:{Contained.User}", service["user"].Text);
        Assert.Equal("true", service["read_only"].Text);
        Assert.Equal("ALL", service["cap_drop"].Items.Single().Text);
        Assert.Equal("no-new-privileges:true", service["security_opt"].Items.Single().Text);
        var isOurs = service["image"].Text == "audit-actors-node";
        var entry = service.Find("entrypoint") is { } given ? given.Texts : image.Command.SkipLast(1);
        return new Contained(
            name,
            [.. entry.Concat(service["command"].Texts).Select(word => word.Replace("$$", "$", StringComparison.Ordinal))],
            Laid(isOurs ? image.Environment : [], service.Find("environment")?.Members.ToDictionary(one => one.Key, one => one.Value.Text)),
            [
                .. service["tmpfs"].Texts.Select(at => new ContainedMount(at, Contained.Scratch, false)),
                .. (service.Find("volumes")?.Texts ?? []).Select(text => text.Split(':')).Select(
                    parts => new ContainedMount(parts[1], parts[0], parts.Length > 2 && parts[2] == "ro")),
                .. (service.Find("secrets")?.Texts ?? []).Select(one => new ContainedMount($"/run/secrets/{one}", one, true)),
                .. (service.Find("configs")?.Items ?? []).Select(
                    one => new ContainedMount(one["target"].Text, $"config:{one["source"].Text}", true)),
            ]);
    }

    /// <summary>The init container or the container of the StatefulSet, in the pod of this number.</summary>
    public static Contained InPod(int number, string container)
    {
        var set = Documents(PathOf("deploy/kubernetes/statefulset.yaml")).Single();
        var pod = set["spec"]["template"]["spec"];
        Assert.Equal(
            ("true", Contained.User, Contained.User, Contained.User),
            (pod["securityContext"]["runAsNonRoot"].Text, pod["securityContext"]["runAsUser"].Text,
                pod["securityContext"]["runAsGroup"].Text, pod["securityContext"]["fsGroup"].Text));
        var found = pod["initContainers"].Items.Concat(pod["containers"].Items).Single(one => one["name"].Text == container);
        Assert.Equal(
            ("false", "true", "ALL"),
            (found["securityContext"]["allowPrivilegeEscalation"].Text, found["securityContext"]["readOnlyRootFilesystem"].Text,
                found["securityContext"]["capabilities"]["drop"].Items.Single().Text));
        var image = Image();
        var environment = new Dictionary<string, string>
        {
            ["POD_NAME"] = $"{set["metadata"]["name"].Text}-{number}", ["POD_NAMESPACE"] = "audit",
        };
        foreach (var one in (found.Find("env")?.Items ?? []).Where(one => one.Find("value") is not null))
        {
            environment[one["name"].Text] = Reference().Replace(one["value"].Text, match => environment[match.Groups[1].Value]);
        }

        return new Contained(
            $"{environment["POD_NAME"]}-{container}",
            [.. found.Find("command")?.Texts ?? image.Command.SkipLast(1), .. found["args"].Texts],
            Laid(image.Environment, environment),
            [
                .. found["volumeMounts"].Items.Select(mount => new ContainedMount(
                    mount["mountPath"].Text,
                    pod["volumes"].Items.Any(one => one["name"].Text == mount["name"].Text && one.Find("emptyDir") is not null)
                        ? Contained.Scratch
                        : mount["name"].Text,
                    mount.Find("readOnly")?.Text == "true")),
            ]);
    }

    public static IReadOnlyList<YamlObject> Documents(string file)
    {
        using var text = File.OpenText(file);
        var events = new MergingParser(new Parser(text));
        var read = new DeserializerBuilder().Build();
        var documents = new List<YamlObject>();
        events.Consume<StreamStart>();
        while (events.Accept<DocumentStart>(out _))
        {
            documents.Add(new YamlObject(read.Deserialize<object>(events)));
        }

        return documents;
    }

    private static Dictionary<string, string> Laid(
        IEnumerable<KeyValuePair<string, string>> under, IReadOnlyDictionary<string, string>? over)
    {
        var both = new Dictionary<string, string>(under);
        foreach (var (name, value) in over ?? new Dictionary<string, string>())
        {
            both[name] = value;
        }

        return both;
    }

    private static string[] Words(string lines, string instruction) =>
        JsonWords(Regex.Match(lines, $@"^{instruction} (\[.*\])$", RegexOptions.Multiline).Groups[1].Value);

    private static string[] JsonWords(string json) => System.Text.Json.JsonSerializer.Deserialize<string[]>(json)!;

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Audit.Actors.sln")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }

    [GeneratedRegex("^ENV (.*)$", RegexOptions.Multiline)]
    private static partial Regex EnvLine();

    [GeneratedRegex("""([A-Z_]+)=("[^"]*"|\S*)""")]
    private static partial Regex Setting();

    [GeneratedRegex(@"^HEALTHCHECK .* CMD\s+(\[.*\])$", RegexOptions.Multiline)]
    private static partial Regex HealthLine();

    [GeneratedRegex(@"\$\(([A-Z_]+)\)")]
    private static partial Regex Reference();
}

/// <summary>A node of a YAML file; what is not there is a failed test.</summary>
internal sealed class YamlObject(object? node)
{
    public string Text => Assert.IsType<string>(node);

    public IReadOnlyList<YamlObject> Items => [.. Assert.IsType<List<object>>(node).Select(one => new YamlObject(one))];

    public IReadOnlyList<string> Texts => [.. Items.Select(one => one.Text)];

    public IReadOnlyDictionary<string, YamlObject> Members =>
        Assert.IsType<Dictionary<object, object>>(node).ToDictionary(one => (string)one.Key, one => new YamlObject(one.Value));

    public YamlObject this[string name] => Find(name) ?? throw new KeyNotFoundException($"There is no {name}.");

    public YamlObject? Find(string name) => Members.GetValueOrDefault(name);
}
