namespace Audit.Testing;

/// <summary>Says that a class of contract tests runs on PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsPostgresAttribute : Attribute;
