using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Xml.Linq;

namespace Audit.Client.Tests;

/// <summary>
/// What a host can use of the package is a promise: it is what stands in its PublicApi.txt, on either framework, and has
/// its words.
/// </summary>
public sealed class PublicApiTests
{
    private const BindingFlags Own =
        BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static TheoryData<string, string> Packages => new()
    {
        { "Audit.Client", "net8.0" },
        { "Audit.Client", "net10.0" },
        { "Audit.Client.AI", "net8.0" },
        { "Audit.Client.AI", "net10.0" },
    };

    [Theory]
    [MemberData(nameof(Packages))]
    public async Task what_is_public_is_what_was_promised(string package, string framework)
    {
        var promised = Path.Combine(BuiltProgram.Root, $"tests/Audit.Client.Tests/{package}.PublicApi.txt");
        var now = string.Concat(TypesOf(package, framework).SelectMany(Lines).Select(line => line + "\n"));

        Assert.Equal(await File.ReadAllTextAsync(promised), now);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void whatever_is_public_has_words(string package, string framework)
    {
        var words = XDocument.Load(Path.ChangeExtension(Built(package, framework), ".xml")).Descendants("member")
            .Where(member => !string.IsNullOrWhiteSpace(member.Element("summary")?.Value) || member.Elements("param").Any())
            .Select(member => member.Attribute("name")!.Value.Split('(')[0]).ToHashSet();
        var missing = TypesOf(package, framework).SelectMany(type => MembersOf(type).Select(member => member switch
        {
            PropertyInfo property => $"P:{type.FullName}.{property.Name}",
            FieldInfo field => $"F:{type.FullName}.{field.Name}",
            ConstructorInfo when IsRecord(type) || type.GetConstructors().All(one => one.GetParameters().Length == 0) => $"T:{type.FullName}",
            ConstructorInfo => $"M:{type.FullName}.#ctor",
            _ => $"M:{type.FullName}.{member.Name}",
        }).Prepend($"T:{type.FullName}")).Where(id => !words.Contains(id) && !IsParameter(id, package, framework));
        Assert.Empty(missing.Except(["M:Audit.Client.AuditClient.DisposeAsync"]));
    }

    [Theory]
    [InlineData("net8.0")]
    [InlineData("net10.0")]
    public void the_client_needs_the_framework_alone(string framework) =>
        Assert.All(
            TypesOf("Audit.Client", framework)[0].Assembly.GetReferencedAssemblies(),
            name => Assert.StartsWith("System.", name.Name, StringComparison.Ordinal));

    private static string Built(string package, string framework) =>
        BuiltProgram.Of($"src/{package}", $"{package}.dll", framework);

    private static Type[] TypesOf(string package, string framework) =>
        [.. new AssemblyLoadContext(framework, isCollectible: true).LoadFromAssemblyPath(Built(package, framework)).GetExportedTypes()
            .OrderBy(type => type.FullName, StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type)
    {
        var bases = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(one => !one.IsGenericType).Select(one => one.Name)
            .Prepend(type.BaseType is { } parent && parent != typeof(object) && parent != typeof(Enum) ? parent.Name : "")
            .Where(name => name.Length > 0).ToList();
        var kind = type.IsEnum ? "enum" : IsRecord(type) ? "record" : "class";
        yield return $"{kind} {type.FullName}" + (bases.Count > 0 && !type.IsEnum ? " : " + string.Join(", ", bases) : "");
        foreach (var line in type.IsEnum ? MembersOf(type).Select(Line) : MembersOf(type).Select(Line).Order(StringComparer.Ordinal))
        {
            yield return "    " + line;
        }
    }

    private static IEnumerable<MemberInfo> MembersOf(Type type) => type.GetMembers(Own)
        .Where(member => member is not MethodInfo { IsSpecialName: true } && member is not FieldInfo { IsSpecialName: true }
            && (member is PropertyInfo || member.GetCustomAttribute<CompilerGeneratedAttribute>() is null)
            && member.Name is not ("Deconstruct" or "PrintMembers"));

    private static string Line(MemberInfo member) => member switch
    {
        ConstructorInfo made => $"({Parameters(made)})",
        PropertyInfo property => $"{NameOf(property.PropertyType)} {property.Name}"
            + (property.SetMethod is { IsPublic: true } ? " { get; init; }" : ""),
        FieldInfo field => field.IsLiteral ? $"{field.Name} = {field.GetRawConstantValue()}" : field.Name,
        MethodInfo method => $"{(method.IsStatic ? "static " : "")}{NameOf(method.ReturnType)} {method.Name}({Parameters(method)})",
        _ => member.ToString()!,
    };

    private static string Parameters(MethodBase method) => string.Join(
        ", ", method.GetParameters().Select(one => $"{NameOf(one.ParameterType)} {one.Name}{(one.IsOptional ? "?" : "")}"));

    private static string NameOf(Type type) => !type.IsGenericType ? type.Name
        : $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>";

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    /// <summary>The words on a record's positional member stand with its parameters.</summary>
    private static bool IsParameter(string id, string package, string framework) =>
        XDocument.Load(Path.ChangeExtension(Built(package, framework), ".xml"))
        .Descendants("member").Any(member => id.StartsWith("P:" + member.Attribute("name")!.Value[2..] + ".", StringComparison.Ordinal)
            && member.Elements("param").Any(one => id.EndsWith("." + one.Attribute("name")!.Value, StringComparison.Ordinal)));
}
