namespace Audit.Lifecycle.Records;

/// <summary>Which model of which provider asked for the call.</summary>
public sealed record Provenance(string Provider, string Model);
