Gem::Specification.new do |spec|
  spec.name = "rope"
  spec.version = "1.2.0"
  spec.summary = "Lengths of rope"
  spec.description = "Measures rope in fathoms and cuts it into pieces."
  spec.authors = ["Ada Dock"]
  spec.email = ["ada@dock.example"]
  spec.homepage = "https://dock.example/rope"
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.0"
  spec.files = Dir["lib/**/*.rb"]
  spec.metadata["rubygems_mfa_required"] = "true"
end
