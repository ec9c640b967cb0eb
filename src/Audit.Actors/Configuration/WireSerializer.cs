using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Audit.Actors.Configuration;

/// <summary>
/// Hyperion for what crosses the wire, with a list of types that holds in both directions. The filter has to go in here, for
/// the plugin applies the one of its setup object to nothing.
/// </summary>
internal sealed class WireSerializer(ExtendedActorSystem system, Config config)
    : HyperionSerializer(system, HyperionSerializerSettings.Create(config).WithTypeFilter(new WireTypes(config.GetStringList("allowed-types"))))
{
    /// <summary>Not Hyperion's own, so that a message of one is never read with the other's list.</summary>
    public override int Identifier => 7402;
}
