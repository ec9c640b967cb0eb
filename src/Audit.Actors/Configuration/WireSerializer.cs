using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Hyperion;

namespace Audit.Actors.Configuration;

/// <summary>
/// Hyperion for what crosses the wire, with a list of types that holds in both directions. The filter has to go in
/// here, for the plugin applies the one of its setup object to nothing.
/// </summary>
internal sealed class WireSerializer(ExtendedActorSystem system, Config config)
    : HyperionSerializer(
        system,
        HyperionSerializerSettings.Create(config)
            .WithTypeFilter(new WireTypes(config.GetStringList("allowed-types"))))
{
    /// <summary>Not Hyperion's own, so that a message of one is never read with the other's list.</summary>
    public override int Identifier => 7402;
}

/// <summary>
/// The types that Hyperion may write and make. Its own filter knows a type by its short name alone, but is asked by the
/// long one, version and all, when it writes, and so lets nothing out; this one strips what comes after the assembly's
/// name.
/// </summary>
internal sealed class WireTypes(IEnumerable<string> names) : ITypeFilter
{
    private readonly HashSet<string> allowed = [.. names.Select(Short)];

    public bool IsAllowed(string typeName) => allowed.Contains(Short(typeName));

    /// <summary>
    /// `Name, Assembly`; generic types, whose names hold further ones, are none of ours and stay as they are.
    /// </summary>
    private static string Short(string name)
    {
        var parts = name.Split(',', 3);
        return parts.Length < 2 || name.Contains('`') ? name : $"{parts[0].Trim()}, {parts[1].Trim()}";
    }
}
